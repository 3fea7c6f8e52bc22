//! The conversation's files: shifts in `status`, addresses, `qout`, three empty reads, what `close` and `hangup` deliver.
//!
//! Arguments: ports of a peer with a small unscaled window that sends five bytes and its end, and of two that read all
//! and tell how it ended.

use interop::argument;
use interop::files::Conversation;
use plan9_abi::sys::file;
use std::thread::sleep;
use std::time::Duration;

fn main() {
    let small = Conversation::call(argument(1)).unwrap();
    let local = small.file("local");
    assert!(local.starts_with("10.0.2.15!"), "{local}");
    println!("remote {}", small.file("remote").split('!').next().unwrap());
    println!("peer's window {}", small.status("swin"));
    small.tell(b"keepalive 5000").unwrap();
    file::write(small.data, &[7; 60_000]).unwrap();
    sleep(Duration::from_millis(400));
    println!("{} qin {}", small.state(), small.status("qin"));
    // The rest stands unread in the peer's kernel.
    println!("qout {}", small.status("qout"));
    let reads: Vec<_> = (0..5).map(|_| small.read()).collect();
    println!("reads {reads:?}");
    small.tell(b"hangup").unwrap();
    println!(
        "after hangup: {}, write fails: {}",
        small.state(),
        file::write(small.data, b"x").is_err()
    );
    small.close();

    // More than the host's buffers hold, and nobody reads yet.
    let closed = Conversation::call(argument(2)).unwrap();
    println!("scaled {}", closed.status("swin").split(">>").nth(1) != Some("0"));
    for _ in 0..64 {
        file::write(closed.data, &[7; 60_000]).unwrap();
    }
    closed.tell(b"close").unwrap();
    println!("after close: {} qin {}", closed.state(), closed.status("qin"));
    println!("reads {:?}, write fails: {}", closed.read(), file::write(closed.data, b"x").is_err());

    let hung_up = Conversation::call(argument(3)).unwrap();
    for _ in 0..64 {
        file::write(hung_up.data, &[7; 60_000]).unwrap();
    }
    hung_up.tell(b"hangup").unwrap();
    println!("after hangup: {}", hung_up.state());
    closed.close();
    hung_up.close();
}
