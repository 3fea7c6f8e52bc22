//! Calls from the host, through `--publish`: an announced port is called three times, then the program ends.

use std::io::{Read, Write};
use std::net::TcpListener;

fn main() {
    let listener = TcpListener::bind(("0.0.0.0", interop::argument(1) as u16)).unwrap();
    for _ in 0..3 {
        let (mut call, from) = listener.accept().unwrap();
        assert_eq!(from.ip(), interop::HOST);
        let mut bytes: Vec<u8> = Vec::new();
        let mut buffer = [0; 4096];
        while let n @ 1.. = call.read(&mut buffer).unwrap() {
            bytes.extend(&buffer[..n]);
            call.write_all(&buffer[..n]).unwrap();
        }
        println!("{} bytes at {}", bytes.len(), call.local_addr().unwrap());
    }
}
