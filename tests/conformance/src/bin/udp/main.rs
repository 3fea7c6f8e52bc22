//! UDP inside one machine: announce, connect, headers, short buffers, empty datagrams, a full queue, sizes, errors from
//! closed ports, who wakes a blocked reader, control messages, broadcast and groups.
//!
//! `'interrupted'` behind a read means that it blocked until this program's own alarm. A port that the kernel chose, and
//! a conversation's number, are printed as N.

#![no_std]
#![no_main]

mod addresses;
mod data;
mod headers;
mod probe;
mod wakes;

use conformance::{Why, handle_notes, long};
use plan9_abi::flags::open;
use plan9_abi::sys::file;
use probe::Probe;

/// More than the kernel gives.
const MOST_CLONES: u32 = 6000;

conformance::watched_handler!();

#[unsafe(no_mangle)]
fn probe() {
    handle_notes();
    let mut probe = Probe::new();
    addresses::addresses(&mut probe);
    data::connected(&mut probe);
    data::sizes(&mut probe);
    data::full(&mut probe);
    wakes::calls(&mut probe);
    headers::headers(&mut probe);
    wakes::controls(&mut probe);
    wakes::wakes(&mut probe);
    wakes::advice(&mut probe);
    clones(&mut probe);
}

fn clones(p: &mut Probe) {
    let mut opened = 0;
    while opened < MOST_CLONES && file::open(c"/net/udp/clone", open::RDWR).is_ok() {
        opened += 1;
    }
    p.label("clone opened again and again");
    p.say("error", long!("'{}'", Why::take()));
    let hundreds = (opened + 50) / 100 * 100;
    p.say("conversations, to the nearest hundred", long!("{hundreds}"));
}
