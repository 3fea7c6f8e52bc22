//! An interrupt that was there before the call, and two procs in the same call.

use crate::pairs::Pair;
use conformance::conversation::{bounded, masked, ok};
use conformance::tcp::{Lines, Listener, settle, tcp, writes};
use conformance::text::Long;
use conformance::watched::Call;
use conformance::{Text, long, pid};
use plan9_abi::flags::open;
use plan9_abi::sys::{file, process};

/// How long the call of our own may block, and what counts as at once.
const PATIENCE_MS: u32 = 600;
const AT_ONCE_NS: u64 = 300_000_000;

fn own_ctl() -> i32 {
    let name = Text::new(format_args!("/proc/{}/ctl", pid()));
    file::open(name.as_c_str(), open::WRITE).unwrap_or(-1)
}

/// A read that need not block, and then one that does.
pub fn sticky(listener: &Listener, clear: bool) {
    let pair = Pair::new(listener);
    let messages = if clear { "interrupt and nointerrupt" } else { "interrupt" };
    let lines = Lines::new(long!("{messages} on its own ctl"));
    if let Some(peer) = pair.peer {
        let _ = file::write(peer.data, b"abc");
    }
    settle();
    let ctl = own_ctl();
    for message in messages.split(" and ") {
        let _ = file::write(ctl, message.as_bytes());
    }
    let mut buffer = [0; 10];
    let first = file::read(pair.own.data, &mut buffer).map_or(-1, |n| n as i64);
    let start = process::nsec();
    let mut second = -1;
    bounded(PATIENCE_MS, || {
        let came = file::read(pair.own.data, &mut buffer);
        second = came.map_or(-1, |n| n as i64);
        came
    });
    let took = process::nsec() - start;
    let _ = file::close(ctl);
    lines.say("a read of 3 waiting bytes", first);
    let when = if took < AT_ONCE_NS { "at once" } else { "only at the alarm" };
    lines.say("the next read", long!("{second} {when}"));
    pair.end();
}

/// The same for connect and listen.
pub fn pending(listener: &Listener) {
    let lines = Lines::new(long!("interrupt on its own ctl"));
    let ctl = own_ctl();
    let caller = tcp();
    let _ = file::write(ctl, b"interrupt");
    lines.say("connect", caller.tell("connect 127.0.0.1!7780"));
    settle();
    lines.say("state", caller.state());
    lines.say("write of data", writes(caller.data, 1, 1));
    let _ = file::write(ctl, b"interrupt");
    let name = listener.own.name("listen");
    let listen = || file::open(name.as_c_str(), open::RDWR);
    lines.say("listen with that call waiting", ok(listen()));
    let mut fd = -1;
    let again = bounded(PATIENCE_MS, || {
        fd = listen()?;
        Ok(0)
    });
    lines.say("listen again", if fd >= 0 { long!("an fd") } else { masked(again.as_str()) });
    let _ = file::close(fd);
    let _ = file::close(ctl);
    caller.drop();
}

fn both(calls: &[Call; 2]) -> Long {
    long!("first {}, second {}", calls[0].ended(), calls[1].ended())
}

/// Two procs in the same call: a note to one of them, and then to the other.
fn two(lines: &Lines, calls: &[Call; 2], first: usize) {
    const TO: [&str; 2] = ["to the first", "to the second"];
    calls[first].tell("note", "x");
    lines.say(long!("a note {}", TO[first]).as_str(), both(calls));
    calls[1 - first].tell("note", "x");
    lines.say(long!("then one {}", TO[1 - first]).as_str(), both(calls));
}

pub fn two_readers(listener: &Listener, first: usize) {
    let pair = Pair::new(listener);
    let calls = [Call::read(pair.own.data, 10), Call::read(pair.own.data, 10)];
    two(&Lines::new(long!("two readers")), &calls, first);
    pair.end();
}

/// The second opener waits for the first, where no note reaches it.
pub fn two_openers(listener: &Listener) {
    let pair = Pair::new(listener);
    let name = listener.own.name("listen");
    let calls = [Call::open(name.as_c_str()), Call::open(name.as_c_str())];
    two(&Lines::new(long!("two openers of a listen file")), &calls, 1);
    pair.end();
}
