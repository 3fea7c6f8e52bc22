//! Datagrams between two conversations that are connected: short reads, empty ones, sizes, a full queue.

use crate::probe::{Conversation, Probe, udp};
use conformance::long;
use core::fmt::Write;
use plan9_abi::flags::open;
use plan9_abi::sys::{file, process};

pub fn connected(p: &mut Probe) {
    let (a, b) = p.pair();
    p.label("connected");
    p.say("files", a.files());
    p.say("connect again", a.tell("connect 127.0.0.1!5000"));
    let sent = p.writes(a.data, 10, 1);
    p.say("write of 10", sent);
    let came = long!("{}, {}", b.length(), b.text("status"));
    p.say("the other's length and status", came);
    let read = p.reads(b.data, 4, 2);
    p.say("reads of 4", read);
    p.writes(a.data, 3, 1);
    p.writes(a.data, 5, 1);
    p.say("3 and 5 sent, length", long!("{}", b.length()));
    let read = p.reads(b.data, 100, 3);
    p.say("reads of 100", read);
    let sent = p.writes(a.data, 0, 1);
    p.say("write of 0", sent);
    let came = long!("{}, {}", b.length(), b.text("status"));
    p.say("length and status", came);
    let read = p.reads(b.data, 100, 2);
    p.say("reads of 100", read);
    p.writes(a.data, 0, 5);
    p.writes(a.data, 7, 2);
    let read = p.reads(b.data, 100, 6);
    p.say("five times 0 sent, then 7 twice", read);
    let read = p.reads(b.data, 0, 1);
    p.say("read of 0 with 7 waiting", read);
    let read = p.reads(b.data, 100, 1);
    p.say("then read of 100", read);
    let err = file::open(b.name("err").as_c_str(), open::READ).unwrap_or(-1);
    let read = p.reads(err, 100, 1);
    p.say("read of err", read);
    let _ = file::close(err);
    a.drop();
    b.drop();
}

/// What came into `seen` of a datagram of `sent` bytes of `out`.
fn part(p: &Probe, sent: usize, came: usize) -> &'static str {
    let seen = &p.seen[..came];
    match sent.checked_sub(came) {
        Some(_) if seen == &p.out[..came] => "",
        Some(at) if seen == &p.out[at..sent] => ", the end of it",
        _ => ", other bytes",
    }
}

pub fn sizes(p: &mut Probe) {
    for (k, byte) in p.out.iter_mut().enumerate() {
        *byte = (k ^ k >> 8) as u8;
    }
    for n in [1000, 16_356, 16_357, 65_506, 65_507, 65_508, 65_535, 65_536, 65_537, 70_000] {
        let (a, b) = p.pair();
        p.label(long!("datagram of {n}"));
        let sent = p.writes(a.data, n, 1);
        p.say("write", sent);
        let _ = process::sleep(100);
        let mut text = long!("");
        let mut pieces = 0;
        while pieces < 3 && b.length() > 0 {
            let came = file::read(b.data, &mut p.seen).unwrap_or(0);
            let comma = if pieces > 0 { ", " } else { "" };
            let _ = write!(text, "{comma}{came}{}", part(p, n, came));
            pieces += 1;
        }
        p.say("came", if pieces > 0 { text } else { long!("nothing") });
        a.drop();
        b.drop();
    }
}

pub fn full(p: &mut Probe) {
    let (a, b) = p.pair();
    p.label("600 of 1000 bytes, unread");
    for n in 0..600 {
        let _ = file::write(a.data, &p.out[..1000]);
        if n % 10 == 9 {
            let _ = process::sleep(5);
        }
    }
    let _ = process::sleep(200);
    let mut came = 0;
    while b.length() > 0 && file::read(b.data, &mut p.seen).is_ok() {
        came += 1;
    }
    let about = match came {
        351..500 => long!("between 350 and 500"),
        _ => long!("{came}"),
    };
    p.say("came", about);
    p.say("the sender", a.text("status"));
    let sent = p.writes(a.data, 10, 1);
    p.say("then 10 sent", sent);
    let read = p.reads(b.data, 100, 1);
    p.say("read", read);
    a.drop();
    b.drop();
}

/// A conversation connected to a port of this machine, from another.
pub fn connected_to(remote: u32, local: u32) -> Conversation {
    let a = udp();
    a.tell(long!("connect 127.0.0.1!{remote} 127.0.0.1!{local}").as_str());
    a
}
