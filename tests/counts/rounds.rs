//! So many rounds of one byte each way over TCP, with or without timeouts: its system calls are counted from outside.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

fn main() {
    let mut args = std::env::args().skip(1);
    let timed = args.next().as_deref() == Some("timed");
    let rounds: u32 = args.next().and_then(|text| text.parse().ok()).expect("a number of rounds");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut far, _) = listener.accept().unwrap();
    for _ in 0..rounds {
        if timed {
            near.set_write_timeout(Some(Duration::from_secs(50))).unwrap();
            far.set_read_timeout(Some(Duration::from_secs(50))).unwrap();
        }
        near.write_all(b"x").unwrap();
        far.read_exact(&mut [0]).unwrap();
    }
}
