//! Calls that nobody takes, and conversations until there are no more.

use conformance::conversation::{bounded, gave};
use conformance::long;
use conformance::tcp::{Lines, reads, settle, tcp, tell, writes};
use plan9_abi::flags::open;
use plan9_abi::sys::file;

const CALL: &str = "connect 127.0.0.1!7766";
const CALLS: usize = 14;
/// Of these calls nothing is printed: they are like the first.
const ALIKE: core::ops::RangeInclusive<usize> = 2..=9;
/// How long an open of `listen` may block, in milliseconds.
const LISTEN_MS: u32 = 200;
/// More than the kernel gives.
const MOST_CLONES: u32 = 6000;

pub fn backlog() {
    let listener = tcp();
    tell(&listener, "announce 127.0.0.1!7766");
    let mut callers = [listener; CALLS];
    for (caller, number) in callers.iter_mut().zip(1..) {
        *caller = tcp();
        let connected = tell(caller, CALL);
        if ALIKE.contains(&number) {
            continue;
        }
        let lines = Lines::new(long!("call {number}, nobody listens"));
        lines.say("connect", connected);
        settle();
        lines.say("status", caller.text("status"));
        lines.say("write", writes(caller.data, 1, 1));
        lines.say("read", reads(caller.data, 1, 1));
    }
    let lines = Lines::new("backlog");
    let taken = (0..CALLS).filter(|_| {
        let fd = bounded(LISTEN_MS, || listener.open("listen", open::RDWR).map(|fd| fd as usize));
        !fd.as_str().starts_with('\'')
    });
    lines.say("calls that can be accepted", taken.count());
    for caller in callers {
        caller.drop();
    }
    let caller = tcp();
    tell(&caller, CALL);
    settle();
    listener.drop();
    settle();
    lines.say("the listener closes with a call queued", caller.files());
    lines.say("read", reads(caller.data, 1, 2));
    caller.drop();
}

pub fn clones() {
    let mut opened = 0;
    let end = loop {
        match file::open(c"/net/tcp/clone", open::RDWR) {
            Ok(_) if opened < MOST_CLONES => opened += 1,
            end => break gave(end),
        }
    };
    let lines = Lines::new("clone opened again and again");
    lines.say("error", end);
    lines.say("conversations, to the nearest hundred", (opened + 50) / 100 * 100);
}
