//! Connections that live shortly: connect, accept, a byte each way, both closes, inside the machine.
//!
//! `churn BLOCKS COUNT KIND...`: blocks of so many connections of each kind in turn. Kinds: `caller-first`,
//! `answerer-first`, by who closes first.

#[path = "../counts/parts/conversation.rs"]
mod conversation;
mod shared;

use shared::{OrFail, Samples, number, words};
use std::net::TcpListener;
use std::time::Instant;

fn main() {
    let (blocks, count): (u64, u64) = (number(1), number(2));
    let listener = TcpListener::bind("127.0.0.1:0").or_fail("bind");
    let address = listener.local_addr().or_fail("local_addr");
    let mut samples = Samples::with_room(count as usize);
    for _ in 0..blocks {
        for kind in words(3) {
            for _ in 0..count {
                let start = Instant::now();
                conversation::hold(&listener, address, kind == "caller-first");
                samples.add(&kind, start.elapsed().as_nanos() as i64);
            }
            samples.print();
        }
    }
}
