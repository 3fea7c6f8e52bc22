//! Full segments on the loopback interface: its MTU of 65,536 makes them packets of just that length, which IP drops, and
//! each repetition of them (`ip/ip.c:ipoput4`, `ip/ipv6.c:ipoput6`). So a conversation that is not spliced stands still for
//! good from the first one on; `mtu 65535` on the interface's ctl mends it for conversations that begin later.
//!
//! Run last on a real machine: who calls must be the host owner, and other programs' conversations have the MTU as well.

#![no_std]
#![no_main]

use conformance::conversation::{Conversation, bounded};
use conformance::family::put;
use conformance::tcp::{settle, tcp, tell};
use conformance::text::number;
use conformance::{child, handle_notes, long, say};
use plan9_abi::flags::open;
use plan9_abi::sys::{file, process};

conformance::counting_handler!();

static BYTES: [u8; 65_536] = [7; 65_536];
const PORT: u32 = 7797;
/// How long bytes may take that come at all, in milliseconds.
const PATIENCE_MS: u32 = 3000;

/// The MTU that there is.
fn present_mtu() -> u32 {
    let mut status = [0; 512];
    let fd = file::open(c"/net/ipifc/0/status", open::READ).unwrap_or(-1);
    let n = file::read(fd, &mut status).unwrap_or(0);
    let _ = file::close(fd);
    let key = b"maxtu ";
    let at = status[..n].windows(key.len()).position(|window| window == key);
    at.map_or(65_536, |at| number(&status[at + key.len()..n]) as u32)
}

fn mtu(bytes: u32) {
    let ctl = file::open(c"/net/ipifc/0/ctl", open::WRITE);
    let wrote = put(ctl, long!("mtu {bytes}").as_str().as_bytes());
    say!("mtu {bytes}: {wrote}");
}

/// Reads until so many bytes have come, or nothing comes any more.
fn come(from: &Conversation, wanted: usize) -> usize {
    let mut buffer = [0; 8192];
    let mut came = 0;
    while came < wanted {
        let before = came;
        bounded(PATIENCE_MS, || {
            let n = file::read(from.data, &mut buffer)?;
            came += n;
            Ok(n)
        });
        if came == before {
            break;
        }
    }
    came
}

/// Sends so many bytes in writes of up to `piece`, and says how many come.
fn send(host: &str, bytes: usize, piece: usize) {
    let listener = tcp();
    tell(&listener, long!("announce {host}!{PORT}").as_str());
    let caller = tcp();
    tell(&caller, long!("connect {host}!{PORT}").as_str());
    let taker = listener.accept();
    child(|| {
        let mut left = bytes;
        while left > 0 {
            let n = left.min(piece);
            let _ = file::write(caller.data, &BYTES[..n]);
            left -= n;
        }
        let _ = process::sleep(2 * PATIENCE_MS);
    });
    let came = come(&taker, bytes);
    match came {
        0 => say!("{host}: {bytes} in writes of {piece}: none come, qout {}", caller.level("qout")),
        _ => say!("{host}: {bytes} in writes of {piece}: {came} come"),
    }
    for conversation in [caller, taker, listener] {
        tell(&conversation, "hangup");
        conversation.drop();
    }
    settle();
}

#[unsafe(no_mangle)]
fn probe() {
    handle_notes();
    let before = present_mtu();
    mtu(65_536);
    for (host, full) in [("::1", 65_476), ("127.0.0.1", 65_496)] {
        send(host, full - 1, full - 1);
        send(host, full, full);
    }
    mtu(65_537);
    mtu(65_535);
    send("::1", 65_536, 65_536);
    send("127.0.0.1", 65_536, 65_536);
    send("::1", 300_000, 65_536);

    mtu(before);
}
