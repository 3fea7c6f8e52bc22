//! What spends an `interrupt` that was written to the own ctl: the first wait of any kind. A close, page faults and an
//! open of a kernel device are none. A walk through a mounted directory is one, for it waits for the file server's answer,
//! and the open succeeds all the same; /tmp must be such a directory (a ramfs).

#![no_std]
#![no_main]

use conformance::conversation::bounded;
use conformance::family::{ctl, me, sbrk};
use conformance::{HANDLED, handle_notes, long, say};
use core::sync::atomic::Ordering::SeqCst;
use plan9_abi::flags::open;
use plan9_abi::layout::PAGE;
use plan9_abi::sys::file;

conformance::counting_handler!();

/// A read that waits so long is not broken by what was pending, in milliseconds.
const PATIENCE: u32 = 500;
const FAULTS: usize = 1024;

/// Makes an interrupt pending, does something, and says whether a read that has to wait still meets it.
fn between(what: &str, act: impl FnOnce()) {
    let Ok((near, far)) = file::pipe() else { return say!("no pipe") };
    HANDLED.store(0, SeqCst);
    ctl(me(), "ctl", b"interrupt");
    act();
    let read = bounded(PATIENCE, || file::read(near, &mut [0]));
    let alarm = HANDLED.load(SeqCst) > 0;
    say!("{what}: {read}, {}", if alarm { "by the alarm" } else { "at once" });
    let _ = file::close(near);
    let _ = file::close(far);
}

fn open_and_close(name: &core::ffi::CStr) {
    if let Ok(fd) = file::open(name, open::READ) {
        let _ = file::close(fd);
    }
}

#[unsafe(no_mangle)]
fn probe() {
    handle_notes();
    conformance::load_all();
    let spare = file::open(c"/dev/pid", open::READ).unwrap_or(-1);
    let name = long!("/tmp/sticky{}", me());
    let made = file::create(name.as_c_str(), open::WRITE, 0o600).unwrap_or(-1);
    let _ = file::close(made);
    let memory = sbrk(FAULTS * PAGE as usize);

    between("nothing", || {});
    between("a close", || drop(file::close(spare)));
    between("page faults", || {
        for n in 0..FAULTS {
            // SAFETY: the bss was grown by these pages.
            unsafe { ((memory + n * PAGE as usize) as *mut u8).write_volatile(1) };
        }
    });
    between("an open of a device", || open_and_close(c"/dev/pid"));
    between("an open in a mounted directory", || open_and_close(name.as_c_str()));
    let mut record = [0; 256];
    between("a stat there", || drop(file::stat(name.as_c_str(), &mut record)));
    let _ = file::remove(name.as_c_str());
}
