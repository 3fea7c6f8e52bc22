//! So many conversations inside the machine, each with a byte each way, closed by the caller first or by the side that
//! accepts: their system calls are counted from outside.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

fn main() {
    let mut args = std::env::args().skip(1);
    let caller_first = args.next().as_deref() == Some("caller-first");
    let count: u32 = args.next().and_then(|text| text.parse().ok()).expect("a number");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    for _ in 0..count {
        let mut near = TcpStream::connect(address).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        near.write_all(b"a").unwrap();
        far.read_exact(&mut [0]).unwrap();
        far.write_all(b"b").unwrap();
        near.read_exact(&mut [0]).unwrap();
        if caller_first {
            drop(near);
            drop(far);
        } else {
            drop(far);
            drop(near);
        }
    }
}
