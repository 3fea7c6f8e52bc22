//! ctl `kill` of a proc that handles notes and has as many queued as there can be: its note is dropped, and with it the
//! wake (`port/proc.c:killproc`, `pushnote`). Seen on a real kernel: nothing ends that proc's wait but `interrupt` on the
//! same ctl.
//!
//! Notes stay queued in a wait that they do not break: that for a pipe which interrupted writes have let grow to twice
//! what it may hold (`port/qio.c:qbloated`).

#![no_std]
#![no_main]

use conformance::family::{ctl, fork, message, notify};
use conformance::{handler, long, say};
use plan9_abi::flags::{noted, open};
use plan9_abi::sys::{file, process};

static BYTES: [u8; 65_536] = [7; 65_536];
/// Between notes, and until a proc that can end has ended, in milliseconds.
const PAUSE: u32 = 20;
const PATIENCE: u32 = 500;

handler!(on, |_ureg, _note| noted::CONT);

/// Whether a proc is still there after a while.
fn still_there(pid: i64) -> &'static str {
    let _ = process::sleep(PATIENCE);
    match file::open(long!("/proc/{pid}/status").as_c_str(), open::READ) {
        Ok(fd) => {
            let _ = file::close(fd);
            "it waits"
        }
        Err(_) => "it is gone",
    }
}

#[unsafe(no_mangle)]
fn probe() {
    let Ok((near, far)) = file::pipe() else { return say!("no pipe") };
    let writer = fork(|| {
        notify(Some(on));
        loop {
            let _ = file::write(near, &BYTES);
        }
    });
    let _ = process::sleep(PATIENCE);
    while ctl(writer, "note", b"pest") > 0 {
        let _ = process::sleep(PAUSE);
    }
    say!("a note too many: '{}'", conformance::Why::take());
    for _ in 0..2 {
        let wrote = ctl(writer, "ctl", b"kill");
        say!("kill: {wrote}, {}", still_there(writer));
    }
    let wrote = ctl(writer, "ctl", b"interrupt");
    say!("interrupt: {wrote}, {}", still_there(writer));
    // Where it waits all the same, it goes with its reader.
    let _ = file::close(far);
    say!("wait message {}", message());
}
