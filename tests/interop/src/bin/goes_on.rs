//! An interrupted `connect` goes on: the call stays under way and is answered later.
//!
//! The argument is the port of a listener whose queue is full for a while.

use interop::argument;
use interop::files::Conversation;
use plan9_abi::note::ALARM;
use plan9_abi::sys::{file, process};
use std::thread::sleep;
use std::time::{Duration, Instant};

fn main() {
    // The alarm breaks the wait, and nobody hears of the note.
    let _ignored = std::os::plan9::note::ignore([ALARM]).unwrap();
    let conversation = Conversation::new();
    process::alarm(100).unwrap();
    let connected = conversation.connect(argument(1));
    println!("interrupted {}, {}", connected.is_err(), conversation.state());
    println!("again: {}", conversation.connect(argument(1)).is_ok());
    // Taken into the queue, and sent when the call is answered.
    file::write(conversation.data, b"early").unwrap();
    let start = Instant::now();
    while conversation.state() != "Established" && start.elapsed() < Duration::from_secs(20) {
        sleep(Duration::from_millis(20));
    }
    println!("then {}", conversation.state());
    println!("read {:?}", conversation.read());
}
