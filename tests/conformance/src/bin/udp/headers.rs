//! An announced conversation that took `headers`: addresses in front of the data, both ways.

use crate::data::connected_to;
use crate::probe::{Conversation, Probe, udp};
use conformance::long;
use core::fmt::Write;
use core::ops::Range;

const REMOTE: Range<usize> = 0..16;
const LOCAL: Range<usize> = 16..32;
const INTERFACE: Range<usize> = 32..48;
const REMOTE_PORT: Range<usize> = 48..50;
const LOCAL_PORT: Range<usize> = 50..52;
const DATA: Range<usize> = 52..56;
/// The two bytes that mark an IPv4 address.
const MAPPED: Range<usize> = 10..12;
const HEADER: usize = 52;

fn hex(p: &Probe, what: &str, bytes: Range<usize>) {
    let mut text = long!("");
    for byte in &p.seen[bytes] {
        let _ = write!(text, "{byte:02x}");
    }
    p.say(what, text);
}

/// 6 bytes to an address, through the header of a datagram that was received before.
fn send_to(p: &mut Probe, l: &Conversation, [a, b, c, d]: [u8; 4], port: u16) {
    p.out[..10].fill(0);
    p.out[MAPPED].fill(0xFF);
    p.out[12..16].copy_from_slice(&[a, b, c, d]);
    p.out[REMOTE_PORT].copy_from_slice(&port.to_be_bytes());
    let sent = p.writes(l.data, 58, 1);
    p.say(long!("write to {a}.{b}.{c}.{d}!{port}"), sent);
    p.seen[..100].fill(0);
    let read = p.reads(l.data, 1000, 2);
    p.say("own read", read);
    if p.seen[11] != 0 {
        hex(p, "local address", LOCAL);
    }
}

pub fn headers(p: &mut Probe) {
    let l = udp();
    p.label("headers");
    p.say("ctl", l.tell("headers"));
    p.say("announce", l.tell("announce 5056"));
    p.say("files", l.files());
    let b = connected_to(5056, 5057);
    p.out[..100].fill(b'd');
    p.writes(b.data, 4, 1);
    p.say("4 sent, length", long!("{}", l.length()));
    let read = p.reads(l.data, 1000, 1);
    p.say("read", read);
    hex(p, "remote address", REMOTE);
    hex(p, "local address", LOCAL);
    hex(p, "interface address", INTERFACE);
    hex(p, "remote port", REMOTE_PORT);
    hex(p, "local port", LOCAL_PORT);
    hex(p, "data", DATA);
    p.out[..HEADER].copy_from_slice(&p.seen[..HEADER]);
    answers(p, &l, &b);
    for (address, port) in [
        ([127, 0, 0, 1], 5200),
        ([127, 0, 0, 2], 5200),
        ([9, 9, 9, 9], 5200),
        ([255, 255, 255, 255], 5056),
        ([127, 255, 255, 255], 5056),
        ([224, 0, 0, 99], 5056),
    ] {
        send_to(p, &l, address, port);
    }
    p.say("addmulti", l.tell("addmulti 127.0.0.1 224.0.0.99"));
    send_to(p, &l, [224, 0, 0, 99], 5056);
    p.say("delmulti", l.tell("delmulti 224.0.0.99"));
    beside(p, &l, &b);
    p.say("files", l.files());
    p.say("hangup", l.tell("hangup"));
    let read = p.reads(l.data, 100, 5);
    p.say("reads", read);
    l.drop();
    b.drop();
}

/// Answers through the header of what was received, whole and cut.
fn answers(p: &mut Probe, l: &Conversation, b: &Conversation) {
    for (what, n) in [
        ("answer with the same header", 58),
        ("with only remote address and port set", 58),
        ("header only", HEADER),
        ("writes of 51", HEADER - 1),
        ("writes of 0", 0),
    ] {
        if what.starts_with("with only") {
            p.out[LOCAL.start..INTERFACE.end].fill(0);
            p.out[LOCAL_PORT].fill(0);
        }
        let sent = p.writes(l.data, n, 1);
        p.say(what, sent);
        let read = p.reads(b.data, 100, 1);
        p.say("the other reads", read);
    }
    p.writes(b.data, 4, 1);
    let read = p.reads(l.data, 20, 2);
    p.say("4 came, read of 20, then of 20", read);
    p.writes(b.data, 0, 1);
    let read = p.reads(l.data, 100, 1);
    p.say("0 came, read", read);
}

/// A second conversation on the same port, connected to one peer; and a peer that speaks IPv6.
fn beside(p: &mut Probe, l: &Conversation, b: &Conversation) {
    let c = udp();
    let told = c.tell("connect 127.0.0.1!5057 127.0.0.1!5056");
    p.say("connect from the announced port", told);
    p.say("its files", c.files());
    p.writes(b.data, 3, 1);
    let read = p.reads(l.data, 1000, 1);
    p.say("that peer sends, the announced one reads", read);
    let read = p.reads(c.data, 1000, 1);
    p.say("the connected one reads", read);
    let sent = p.writes(c.data, 9, 1);
    p.say("the connected one answers", sent);
    let read = p.reads(b.data, 100, 1);
    p.say("that peer reads", read);
    c.drop();
    let c = udp();
    p.say("connect ::1!5056", c.tell("connect ::1!5056"));
    p.say("its files", c.files());
    let sent = p.writes(c.data, 3, 1);
    p.say("write", sent);
    let read = p.reads(l.data, 1000, 1);
    p.say("read", read);
    hex(p, "remote address", REMOTE);
    hex(p, "local address", LOCAL);
    p.out[..HEADER].copy_from_slice(&p.seen[..HEADER]);
    let sent = p.writes(l.data, 60, 1);
    p.say("answer with the same header", sent);
    let read = p.reads(c.data, 100, 1);
    p.say("the other reads", read);
    c.drop();
}
