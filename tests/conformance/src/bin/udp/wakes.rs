//! What ends a wait: calls to an announced conversation, notes, hangups, closes, ICMP; and which messages `ctl` takes.

use crate::data::connected_to;
use crate::probe::{Probe, udp};
use conformance::long;
use conformance::text::Long;
use conformance::watched::Call;
use plan9_abi::sys::file;

/// Announced without headers, each new peer is a call.
pub fn calls(p: &mut Probe) {
    let l = udp();
    p.label("announced without headers");
    p.say("announce", l.tell("announce 5054"));
    let a = connected_to(5054, 5055);
    p.writes(a.data, 10, 1);
    p.writes(a.data, 20, 1);
    let length = long!("{}", l.length());
    p.say("10 and 20 sent to it, own length", length);
    let read = p.reads(l.data, 100, 1);
    p.say("read of its data", read);
    let listen = l.name("listen");
    let listen = listen.as_c_str();
    let n = l.accept();
    p.say("listen", n.files());
    let read = p.reads(n.data, 100, 3);
    p.say("reads of the call", read);
    let sent = p.writes(n.data, 30, 1);
    p.say("answer of 30", sent);
    let read = p.reads(a.data, 100, 1);
    p.say("the caller reads", read);
    n.drop();
    let c = Call::open(listen);
    c.tell("note", "x");
    p.say("listen, a note", c.ended());
    p.writes(a.data, 10, 1);
    let c = Call::open(listen);
    p.say("the same peer after the call was closed", c.ended());
    if let Some(fd) = c.fd() {
        let _ = file::close(fd);
    }
    let c = Call::open(listen);
    p.say("hangup", l.tell("hangup"));
    p.say("listen, hangup", c.ended());
    c.tell("note", "x");
    p.say("then a note", c.ended());
    let c = Call::open(listen);
    p.say("listen again", c.ended());
    l.drop();
    a.drop();
}

pub fn controls(p: &mut Probe) {
    const MESSAGES: [&str; 20] = [
        "",
        "nonsense",
        "headers now",
        "headers4",
        "ttl",
        "ttl 3",
        "tos 4",
        "ignoreadvice",
        "addmulti",
        "addmulti x",
        "addmulti 127.0.0.1",
        "addmulti 127.0.0.1 224.0.0.98",
        "addmulti 9.9.9.9 224.0.0.98",
        "delmulti 224.0.0.98",
        "remmulti 224.0.0.98",
        "close",
        "keepalive",
        "accept 1",
        "checksum 0",
        "bind 5060",
    ];
    let (a, b) = p.pair();
    p.label("ctl");
    for message in MESSAGES {
        let quote = if message.is_empty() || message.contains(' ') { "'" } else { "" };
        let what = long!("{quote}{message}{quote}");
        p.say(what, a.tell(message));
    }
    a.drop();
    b.drop();
}

pub fn wakes(p: &mut Probe) {
    const WAYS: [&str; 6] = [
        "a note",
        "interrupt on /proc/N/ctl",
        "hangup on its ctl",
        "another proc closes the fd",
        "another proc closes data and ctl",
        "port unreachable",
    ];
    for (way, what) in WAYS.iter().enumerate() {
        let (a, b) = p.pair();
        p.label(long!("read, {what}"));
        let c = Call::read(a.data, 100);
        match way {
            0 => c.tell("note", "x"),
            1 => c.tell("ctl", "interrupt"),
            2 => drop(a.tell("hangup")),
            3 => drop(file::close(a.data)),
            4 => a.drop(),
            _ => {
                b.drop();
                p.writes(a.data, 1, 1);
            }
        }
        p.say("returned", c.ended());
        if c.is_done() {
            let read = p.reads(a.data, 10, 5);
            p.say("five more reads", read);
            let sent = p.writes(a.data, 1, 2);
            p.say("two writes", sent);
        } else {
            p.writes(b.data, 5, 1);
            p.say("then 5 bytes come", c.ended());
        }
        p.say("files", a.files());
        a.drop();
        if way != 5 {
            b.drop();
        }
    }
    let (a, b) = p.pair();
    p.label("two readers");
    let (c, d) = (Call::read(a.data, 100), Call::read(a.data, 100));
    d.tell("note", "x");
    p.say("a note to the second", both(c, d));
    let d = Call::read(a.data, 100);
    p.writes(b.data, 3, 1);
    p.writes(b.data, 4, 1);
    p.say("3 and 4 come", both(c, d));
    p.label("5 bytes waiting, then to a closed port");
    p.writes(b.data, 5, 1);
    b.drop();
    let sent = p.writes(a.data, 1, 2);
    p.say("two writes", sent);
    let read = p.reads(a.data, 10, 3);
    p.say("three reads", read);
    a.drop();
}

fn both(c: Call, d: Call) -> Long {
    let (first, second) = (c.ended(), d.ended());
    long!("first {}, second {}", first, second)
}

pub fn advice(p: &mut Probe) {
    let (a, b) = p.pair();
    b.drop();
    p.label("ignoreadvice, to a closed port");
    a.tell("ignoreadvice");
    let sent = p.writes(a.data, 1, 2);
    p.say("two writes", sent);
    let read = p.reads(a.data, 10, 1);
    p.say("read", read);
    a.drop();
    let (a, b) = p.pair();
    p.label("5 bytes waiting, then own hangup");
    p.writes(b.data, 5, 1);
    a.tell("hangup");
    let read = p.reads(a.data, 10, 5);
    p.say("five reads", read);
    a.drop();
    b.drop();
}
