//! How conversations end: refused, closed and reset by the peer, with data unread, with a writer that waits.
//!
//! Arguments: ports of a peer that sends and closes, one that sends and resets, one that never reads and resets, and one
//! where nobody listens.

use interop::{dial, peer};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

fn main() {
    let mut buffer = [0; 16];
    let mut closed = dial(1);
    thread::sleep(Duration::from_millis(200));
    println!("closed: read {:?}", closed.read(&mut buffer).unwrap());
    println!("closed: read {:?}", closed.read(&mut buffer).unwrap());
    // The first finds nobody there, and is answered by a reset.
    println!("closed: write {:?}", closed.write(b"x").unwrap());
    thread::sleep(Duration::from_millis(200));
    println!("closed: write {:?}", closed.write(b"x").unwrap_err().kind());

    let mut reset = dial(2);
    thread::sleep(Duration::from_millis(200));
    let why = reset.read(&mut buffer).unwrap_err().kind();
    println!("reset: read {why:?}, what had come is gone");
    println!("reset: read {:?}", reset.read(&mut buffer).unwrap());
    println!("reset: write {:?}", reset.write(b"x").unwrap_err().kind());

    let mut waiting = dial(3);
    let failed = loop {
        if let Err(why) = waiting.write(&[0; 60_000]) {
            break why.kind();
        }
    };
    println!("reset under a writer: {failed:?}");

    let refused = TcpStream::connect(peer(4)).map(drop).unwrap_err().kind();
    println!("nobody: {refused:?} {}", refused == ErrorKind::ConnectionRefused);
}
