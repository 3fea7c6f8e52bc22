//! What is left of a conversation after each way to end it, for the one who did it and for the other.

use crate::CALL;
use conformance::conversation::{Conversation, gave};
use conformance::long;
use conformance::tcp::{Lines, Listener, reads, settle, tell, writes};
use plan9_abi::sys::file;

const ENDINGS: [&str; 5] =
    ["own hangup", "own close on ctl", "peer hung up", "peer closed", "peer said close on ctl"];

pub fn endings(listener: &Listener) {
    for waiting in [false, true] {
        for how in ENDINGS {
            ending(listener, how, waiting);
        }
    }
}

fn ending(listener: &Listener, how: &str, waiting: bool) {
    let (a, b) = listener.pair();
    let lines = Lines::new(long!("{how}{}", if waiting { ", 5 bytes waiting" } else { "" }));
    if waiting {
        let _ = file::write(b.data, b"hello");
        settle();
    }
    let mut peer_is_open = true;
    match how {
        "own hangup" => drop(tell(&a, "hangup")),
        "own close on ctl" => drop(tell(&a, "close")),
        "peer hung up" => drop(tell(&b, "hangup")),
        "peer closed" => {
            b.drop();
            peer_is_open = false;
        }
        _ => drop(tell(&b, "close")),
    }
    settle();
    lines.say("files", a.files());
    lines.say("six reads", reads(a.data, 10, 6));
    lines.say("three writes", writes(a.data, 1, 3));
    lines.say("read", reads(a.data, 10, 1));
    if !waiting {
        for message in ["keepalive", "hangup", "close"] {
            lines.say(message, tell(&a, message));
        }
        lines.say("connect", tell(&a, CALL));
        lines.say("files", a.files());
        lines.say("read", reads(a.data, 10, 1));
    }
    a.drop();
    if peer_is_open {
        b.drop();
    }
}

pub fn half_close(listener: &Listener) {
    let (a, b) = listener.pair();
    let lines = Lines::new("5 bytes sent, then close on ctl");
    let both = || long!("{} | {}", a.files(), b.files());
    let _ = file::write(a.data, b"hello");
    lines.say("close", tell(&a, "close"));
    settle();
    lines.say("files of both", both());
    lines.say("the peer reads", reads(b.data, 10, 2));
    lines.say("own read", reads(a.data, 10, 1));
    lines.say("the peer writes", writes(b.data, 5, 1));
    lines.say("files of both", both());
    lines.say("the peer writes", writes(b.data, 5, 1));
    lines.say("the peer reads", reads(b.data, 10, 2));
    a.drop();
    b.drop();
    for how in ["all files closed", "close on ctl", "hangup"] {
        much_sent(listener, how);
    }
}

/// What arrives of 200,000 bytes.
fn much_sent(listener: &Listener, how: &str) {
    let (a, b) = listener.pair();
    let lines = Lines::new(long!("200000 bytes sent, {how}"));
    for _ in 0..10 {
        let _ = file::write(a.data, &[0; 20_000]);
    }
    settle();
    match how {
        "close on ctl" => drop(tell(&a, "close")),
        "hangup" => drop(tell(&a, "hangup")),
        _ => a.drop(),
    }
    settle();
    lines.say("status of both", long!("{} | {}", a.text("status"), b.text("status")));
    lines.say("the peer reads", all(&b));
    if how != "all files closed" {
        a.drop();
    }
    b.drop();
}

/// How much there is to read, and how it ends.
fn all(of: &Conversation) -> conformance::text::Long {
    let mut buffer = [0; 65_536];
    let mut total = 0;
    loop {
        match file::read(of.data, &mut buffer) {
            Ok(n @ 1..) => total += n,
            end => return long!("{total}, then {}", gave(end)),
        }
    }
}
