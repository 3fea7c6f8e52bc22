//! Alarms, semaphores, rendezvous; the files of /proc, /dev and /env; traps. One line a fact; a failing call is printed
//! as its error text in quotes. Numbers that vary (addresses, process numbers, times) are printed as N.

#![no_std]
#![no_main]

mod devices;
mod environment;
mod faults;
mod proc_files;
mod timers;

use conformance::family::listen;
use conformance::{argument, handler};
use plan9_abi::flags::{noted, rfork};
use plan9_abi::sys::process;

conformance::counting_handler!();

handler!(tell, |_, note| {
    conformance::family::tell(note);
    noted::CONT
});
handler!(tell_and_die, |_, note| {
    conformance::family::tell(note);
    noted::DFLT
});

#[unsafe(no_mangle)]
fn probe() {
    match argument(0) {
        Some(name) if name == c"zero" => return proc_files::executed(),
        Some(name) if name == c"sleep" => {
            let _ = process::sleep(2000);
            process::exits(Some(c"no alarm"))
        }
        _ => {}
    }
    // SAFETY: no new proc.
    let _ = unsafe { process::rfork(rfork::NAMEG | rfork::ENVG | rfork::NOTEG | rfork::REND) };
    listen();
    timers::run();
    devices::run();
    proc_files::run();
    environment::run();
    faults::run();
}
