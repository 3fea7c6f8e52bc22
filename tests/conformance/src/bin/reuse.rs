//! One end of a TCP conversation is closed, its number goes to something else, and then the other end is closed: what that
//! does to whoever has the number. A kernel that splices hangs it up (`ip/tcp.c:tcpclose` follows a pointer that nobody has
//! taken back), unless the other end was hung up before.

#![no_std]
#![no_main]

use conformance::conversation::Conversation;
use conformance::tcp::{Lines, Listener, reads, settle, tcp, tell, writes};
use conformance::{handle_notes, long};

conformance::counting_handler!();

const PORT: u32 = 7793;

/// An end whose peer has closed, and the peer's number, which is free.
fn left_alone(listener: &Listener) -> (Conversation, Conversation) {
    let (a, b) = listener.pair();
    a.drop();
    settle();
    (a, b)
}

/// Ends an end whose peer is gone.
fn end(lines: &Lines, b: &Conversation, hangup: bool) {
    if hangup {
        lines.say("the one left alone, hangup", tell(b, "hangup"));
    }
    b.drop();
    settle();
}

/// A conversation of others gets the number.
fn conversation(listener: &Listener, label: &str, hangup: bool) {
    let lines = Lines::new(label);
    let (a, b) = left_alone(listener);
    let (c, d) = listener.pair();
    lines.say("the number is used again", c.folder().as_str() == a.folder().as_str());
    lines.say("the one left alone writes", writes(b.data, 5, 2));
    lines.say("it shows at the new one", c.text("status"));
    end(&lines, &b, hangup);
    lines.say("both", long!("{} | {}", c.text("status"), d.text("status")));
    lines.say("its peer writes", writes(d.data, 5, 2));
    lines.say("it writes", writes(c.data, 5, 2));
    lines.say("it reads", reads(c.data, 10, 5));
    lines.say("its peer reads", reads(d.data, 10, 2));
    lines.say("both then", long!("{} | {}", c.text("status"), d.text("status")));
    for one in [&c, &d] {
        tell(one, "hangup");
        one.drop();
    }
}

/// A listener gets the number.
fn listening(listener: &Listener) {
    let lines = Lines::new("a listener");
    let (a, b) = left_alone(listener);
    let other = Listener::new(PORT + 1);
    lines.say("the number is used again", other.own.folder().as_str() == a.folder().as_str());
    end(&lines, &b, false);
    lines.say("its status", other.own.text("status"));
    let caller = tcp();
    let called = tell(&caller, long!("connect 127.0.0.1!{}", PORT + 1).as_str());
    lines.say("a call", called);
    let taken = other.own.open("listen", plan9_abi::flags::open::RDWR);
    lines.say("its listen", conformance::conversation::ok(taken));
    tell(&caller, "hangup");
    caller.drop();
    other.own.drop();
}

#[unsafe(no_mangle)]
fn probe() {
    handle_notes();
    let listener = Listener::new(PORT);
    conversation(&listener, "a conversation", false);
    conversation(&listener, "a conversation, after a hangup", true);
    listening(&listener);
}
