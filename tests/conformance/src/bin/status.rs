//! What the files of a TCP and of a UDP conversation say in each state that one machine shows without waiting long: the
//! whole line of `status`, `local`, `remote`, `ctl`, `err`.
//!
//! Numbers are N, but for those behind `qin` and `qout` and for ports that this program chose; bytes that cannot be
//! printed are `\xNN`, so that the end of a text is seen.

#![no_std]
#![no_main]

use conformance::conversation::{Conversation, bounded, ok};
use conformance::report::Shown;
use conformance::tcp::{Lines, Listener, reads, settle, tcp, tell};
use conformance::text::Long;
use conformance::{handle_notes, long};
use core::fmt::Write;
use plan9_abi::flags::open;
use plan9_abi::sys::file;

conformance::counting_handler!();

const PORT: u32 = 7791;
const CALL: &str = "connect 127.0.0.1!7791";
/// Ports from here are the kernel's choice.
const FIRST_FREE_PORT: u32 = 32_768;
/// How long a call to nobody is waited for, in milliseconds.
const NOBODY_MS: u32 = 300;
/// More than a window of 8 MB, in pieces; how long a piece may block, in milliseconds.
const PIECES: usize = 400;
const PIECE_MS: u32 = 400;

/// The text with each number as N, but those behind `qin` and `qout`.
fn layout(text: &str) -> Long {
    let mut out = Long::empty();
    let mut kept = false;
    for (place, word) in text.split(' ').enumerate() {
        let blank = if place > 0 { " " } else { "" };
        let _ = write!(out, "{blank}");
        let mut digits = false;
        for c in word.chars() {
            match c.is_ascii_digit() && !kept {
                false => drop(out.write_char(c)),
                true if !digits => drop(out.write_char('N')),
                true => {}
            }
            // The name of a state may end in a digit.
            digits = c.is_ascii_digit() && place > 0;
        }
        kept = word == "qin" || word == "qout";
    }
    out
}

/// An address with the port as N, if the kernel chose it.
fn address(text: &Long) -> Long {
    let text = text.as_str();
    match text.split_once('!') {
        Some((host, port)) => match port.trim_end().parse::<u32>() {
            Ok(number) if number >= FIRST_FREE_PORT => {
                long!("{host}!N{}", &port[port.trim_end().len()..])
            }
            _ => long!("{text}"),
        },
        None => long!("{text}"),
    }
}

/// All files of a conversation.
fn files(lines: &Lines, of: &Conversation) {
    let status = of.whole("status");
    let state = status.as_str().split(' ').next().unwrap_or("");
    let rest = layout(status.as_str()[state.len()..].trim_start());
    lines.say("status", Shown(long!("{state} {rest}").bytes()));
    for name in ["local", "remote"] {
        lines.say(name, Shown(address(&of.whole(name)).bytes()));
    }
    let ctl = of.whole("ctl");
    let number = ctl.bytes().iter().all(u8::is_ascii_digit) && !ctl.is_empty();
    lines.say("ctl", if number { "a number and nothing behind it" } else { "something else" });
}

/// `err`, a read of which waits as long as the conversation is open.
fn err(lines: &Lines, of: &Conversation) {
    let fd = of.open("err", open::READ).unwrap_or(-1);
    lines.say("err", reads(fd, 10, 4));
    let _ = file::close(fd);
}

fn quiet() {
    let c = tcp();
    let lines = Lines::new("tcp, fresh");
    files(&lines, &c);
    err(&lines, &c);
    c.drop();
    let lines = Lines::new("tcp, announced on all addresses");
    let listener = Listener::on("*", PORT);
    files(&lines, &listener.own);
    err(&lines, &listener.own);
    lines.say("hangup", tell(&listener.own, "hangup"));
    files(&lines, &listener.own);
    err(&lines, &listener.own);
    listener.own.drop();
    let c = tcp();
    let lines = Lines::new("tcp, refused");
    lines.say("connect", tell(&c, CALL));
    files(&lines, &c);
    c.drop();
    let c = tcp();
    let lines = Lines::new("tcp, a call to nobody");
    let message = b"connect 127.0.0.2!7791 7792";
    lines.say("connect", bounded(NOBODY_MS, || file::write(c.ctl, message)));
    files(&lines, &c);
    let _ = file::write(c.data, b"hello");
    lines.say("with 5 bytes written", c.text("status"));
    lines.say("hangup", tell(&c, "hangup"));
    files(&lines, &c);
    err(&lines, &c);
    c.drop();
}

fn connected(listener: &Listener) {
    let (a, b) = listener.pair();
    let lines = Lines::new("tcp, connected");
    let peers = Lines::new("tcp, the peer");
    files(&lines, &a);
    files(&peers, &b);
    let _ = file::write(a.data, b"hello");
    settle();
    lines.say("5 bytes sent", long!("{} | {}", a.text("status"), b.text("status")));
    lines.say("close", tell(&a, "close"));
    settle();
    files(&lines, &a);
    err(&lines, &a);
    files(&peers, &b);
    err(&peers, &b);
    peers.say("reads", reads(b.data, 10, 2));
    peers.say("close", tell(&b, "close"));
    settle();
    files(&peers, &b);
    files(&lines, &a);
    for end in [b, a] {
        tell(&end, "hangup");
        end.drop();
    }
    lines.say("without files", a.files());
}

/// More than the peer takes.
fn full(listener: &Listener) {
    let (a, b) = listener.pair();
    let lines = Lines::new("tcp, more sent than the peer takes");
    let piece = [0; 65_536];
    let blocked = (0..PIECES)
        .any(|_| bounded(PIECE_MS, || file::write(a.data, &piece)).as_str().starts_with('\''));
    lines.say("a write blocked", if blocked { "yes" } else { "no" });
    let waits = |of: &Conversation, key: &str| if of.level(key) > 0 { "yes" } else { "no" };
    lines.say("some of it waits here", waits(&a, "qout"));
    lines.say("some of it waits there", waits(&b, "qin"));
    tell(&a, "close");
    settle();
    lines.say("close, both states", long!("{} | {}", a.state(), b.state()));
    tell(&b, "hangup");
    settle();
    lines.say("hangup by the peer, both", long!("{} | {}", a.text("status"), b.text("status")));
    for end in [b, a] {
        tell(&end, "hangup");
        end.drop();
    }
}

fn datagrams() {
    let udp = || Conversation::new("udp");
    let (a, b) = (udp(), udp());
    let lines = Lines::new("udp, fresh");
    files(&lines, &a);
    err(&lines, &a);
    let lines = Lines::new("udp, announced");
    lines.say("announce", ok(file::write(a.ctl, b"announce *!7793")));
    files(&lines, &a);
    let lines = Lines::new("udp, connected");
    lines.say("connect", ok(file::write(b.ctl, b"connect 127.0.0.1!7793")));
    files(&lines, &b);
    lines.say("hangup", ok(file::write(b.ctl, b"hangup")));
    files(&lines, &b);
    err(&lines, &b);
    a.drop();
    b.drop();
    lines.say("without files", b.files());
}

#[unsafe(no_mangle)]
fn probe() {
    handle_notes();
    quiet();
    let listener = Listener::new(PORT);
    connected(&listener);
    full(&listener);
    datagrams();
}
