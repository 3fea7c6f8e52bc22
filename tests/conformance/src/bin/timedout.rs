//! Calls that nobody answers and a peer that is gone without a word: how often a call is repeated, what keepalives are
//! set to, and what is left when they have given a conversation up.
//!
//! With the argument `all` it waits as long as the kernel does: about five minutes for the call, nine for data that
//! nobody acknowledges.

#![no_std]
#![no_main]

use conformance::conversation::{Conversation, bounded};
use conformance::tcp::{Lines, Listener, Moved, reads, settle, tcp, tell, writes};
use conformance::text::Long;
use conformance::{argument, handle_notes, long};
use plan9_abi::sys::{file, process};

conformance::counting_handler!();

const PORT: u32 = 7795;
/// Nobody has this address, though its network is the loopback interface's.
const CALL: &[u8] = b"connect 127.0.0.2!7795";
/// When the timer of a call is looked at: in the middle of its first, second and third pause, in milliseconds from one
/// to the next.
const LOOKS: [u32; 3] = [600, 2600, 3800];
/// Longer than four keepalives of an interval of 100 ms.
const GIVEN_UP_MS: u32 = 1200;
/// Longer than the kernel waits for anything, in milliseconds.
const ALL_MS: u32 = 15 * 60 * 1000;

/// The second figure of a pair `N/N` behind a word of `status`: what a timer begins with, in milliseconds.
fn interval(of: &Conversation, key: &str) -> Long {
    let status = of.whole("status");
    let mut words = status.as_str().split_ascii_whitespace();
    let pair = words.find(|&word| word == key).and_then(|_| words.next()).unwrap_or("?");
    long!("{}", pair.split_once('/').map_or("?", |(_, from)| from))
}

fn call() {
    let c = tcp();
    let lines = Lines::new("a call that nobody answers");
    for (place, ms) in LOOKS.into_iter().enumerate() {
        if place == 0 {
            lines.say("connect", bounded(ms, || file::write(c.ctl, CALL)));
        } else {
            let _ = process::sleep(ms);
        }
        lines.say("state and pause", long!("{}, {}", c.state(), interval(&c, "timer")));
    }
    lines.say("connect again", tell(&c, "connect 127.0.0.2!7795"));
    lines.say("read", reads(c.data, 10, 1));
    lines.say("keepalive", tell(&c, "keepalive 100"));
    lines.say("close", tell(&c, "close"));
    lines.say("files", c.files());
    lines.say("reads", reads(c.data, 10, 4));
    lines.say("write", writes(c.data, 1, 1));
    c.drop();
}

fn keepalives(listener: &Listener) {
    let (a, b) = listener.pair();
    let lines = Lines::new("keepalive");
    lines.say("before any", interval(&a, "ka"));
    for message in [
        "keepalive",
        "keepalive 1000",
        "keepalive 1001",
        "keepalive 10",
        "keepalive 0",
        "keepalive -5",
    ] {
        let told = tell(&a, message);
        lines.say(message, long!("{told}, {}", interval(&a, "ka")));
    }
    lines.say("keepalive 100", tell(&a, "keepalive 100"));
    let _ = process::sleep(GIVEN_UP_MS);
    lines.say("answered, both", long!("{} | {}", a.text("status"), b.text("status")));
    end(&a, &b);
}

/// An end that `bind` has moved hears no answer any more.
fn gone(listener: &Listener, data: bool) {
    let (a, b) = listener.pair();
    let lines = Lines::new(if data { "no answer, 5 bytes sent" } else { "no answer" });
    lines.say("keepalive 100", tell(&a, "keepalive 100"));
    let (told, moved) = Moved::to(&a, "bind 127.0.0.1!5099");
    lines.say("bind 127.0.0.1!5099", told);
    if data {
        lines.say("write", writes(a.data, 5, 1));
    }
    let _ = process::sleep(GIVEN_UP_MS);
    lines.say("both", long!("{} | {}", a.files(), b.files()));
    lines.say("it reads", reads(a.data, 10, 5));
    lines.say("it writes", writes(a.data, 1, 2));
    lines.say("the peer writes", writes(b.data, 1, 2));
    lines.say("both", long!("{} | {}", a.text("status"), b.text("status")));
    moved.back();
    end(&a, &b);
}

fn end(a: &Conversation, b: &Conversation) {
    for end in [b, a] {
        tell(end, "hangup");
        end.drop();
    }
    settle();
}

/// What nobody ends but the kernel.
fn to_the_end(listener: &Listener) {
    let c = tcp();
    let lines = Lines::new("to the end");
    lines.say("a call that nobody answers", bounded(ALL_MS, || file::write(c.ctl, CALL)));
    lines.say("files", c.files());
    lines.say("reads", reads(c.data, 10, 4));
    c.drop();
    let (a, b) = listener.pair();
    let (told, moved) = Moved::to(&a, "bind 127.0.0.1!5099");
    lines.say("bind 127.0.0.1!5099", told);
    lines.say("write", writes(a.data, 5, 1));
    lines.say("a read", bounded(ALL_MS, || file::read(a.data, &mut [0; 10])));
    lines.say("both", long!("{} | {}", a.text("status"), b.text("status")));
    moved.back();
    end(&a, &b);
}

#[unsafe(no_mangle)]
fn probe() {
    handle_notes();
    let listener = Listener::new(PORT);
    call();
    keepalives(&listener);
    gone(&listener, false);
    gone(&listener, true);
    if argument(1).is_some_and(|text| text == c"all") {
        to_the_end(&listener);
    }
}
