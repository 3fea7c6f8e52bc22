//! `data` of a TCP conversation is written to before the call is connected to a listener in the same machine. On a kernel
//! that splices, that call and all of TCP behind it hang, and a real one has to be started again: run it last there.

#![no_std]
#![no_main]

use conformance::conversation::bounded;
use conformance::tcp::{Lines, Listener, tcp, tell};
use conformance::{handle_notes, long};
use plan9_abi::flags::{open, rfork};
use plan9_abi::sys::{file, process};

conformance::counting_handler!();

const PORT: u32 = 7796;
/// How long a call may take that does not hang, in milliseconds.
const PATIENCE_MS: u32 = 300;

/// Does something in a child, which an alarm interrupts if the kernel lets it, and waits a while for it to end. Gives the
/// child that has not, 0 if it has.
fn child(lines: &Lines, what: &str, act: impl FnOnce()) -> i32 {
    // SAFETY: the child shares no memory.
    let pid = unsafe { process::rfork(rfork::PROC | rfork::FDG) }.unwrap_or(-1);
    if pid == 0 {
        let _ = bounded(PATIENCE_MS / 2, || {
            act();
            Ok(0)
        });
        process::exits(None);
    }
    let ended = bounded(PATIENCE_MS, || process::await_child(&mut [0; 256]));
    let hangs = ended.as_str().starts_with('\'');
    lines.say(what, if hangs { "hangs" } else { "ends" });
    if hangs { pid } else { 0 }
}

fn kill(pid: i32) {
    let ctl = file::open(long!("/proc/{pid}/ctl").as_c_str(), open::WRITE).unwrap_or(-1);
    let _ = file::write(ctl, b"kill");
    let _ = file::close(ctl);
}

#[unsafe(no_mangle)]
fn probe() {
    handle_notes();
    let lines = Lines::new("written before connect");
    let listener = Listener::new(PORT);
    let (a, b) = listener.pair();
    let early = tcp();
    lines.say("write", bounded(PATIENCE_MS, || file::write(early.data, b"early")));
    let connect = long!("connect 127.0.0.1!{PORT}");
    let hanging = [
        child(&lines, "connect", || drop(file::write(early.ctl, connect.as_str().as_bytes()))),
        child(&lines, "clone", || drop(file::open(c"/net/tcp/clone", open::RDWR))),
        child(&lines, "data of another conversation", || drop(a.open("data", open::RDWR))),
        child(&lines, "ctl of the caller", || drop(file::write(early.ctl, b"keepalive"))),
        child(&lines, "status of the caller", || drop(early.whole("status"))),
    ];
    lines.say("the caller", early.text("status"));
    lines
        .say("another conversation writes", bounded(PATIENCE_MS, || file::write(a.data, b"hello")));
    lines.say(
        "another conversation reads",
        bounded(PATIENCE_MS, || file::read(b.data, &mut [0; 9])),
    );
    lines.say("another conversation is closed", tell(&a, "close"));
    hanging.into_iter().filter(|&pid| pid > 0).for_each(kill);
}
