//! So many conversations inside the machine, each with a byte each way, closed by the caller first or by the side that
//! accepts: their system calls are counted from outside.

#[path = "parts/conversation.rs"]
mod conversation;

use std::net::TcpListener;

fn main() {
    let mut args = std::env::args().skip(1);
    let caller_first = args.next().as_deref() == Some("caller-first");
    let count: u32 = args.next().and_then(|text| text.parse().ok()).expect("a number");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    for _ in 0..count {
        conversation::hold(&listener, address, caller_first);
    }
}
