//! Four threads that connect, write and read: a first write that comes before the kernel has spliced the two ends stops all
//! TCP of the machine (`ip/tcp.c:tcpsplice`), so `connect` waits until it has.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

const THREADS: usize = 4;
const CONNECTS: usize = 250;

fn main() {
    let callers: Vec<_> = (0..THREADS)
        .map(|_| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            thread::spawn(move || {
                for _ in 0..CONNECTS {
                    let (mut far, _) = listener.accept().unwrap();
                    let mut bytes = [0; 64];
                    far.read_exact(&mut bytes).unwrap();
                    far.write_all(&bytes).unwrap();
                }
            });
            thread::spawn(move || {
                for n in 0..CONNECTS {
                    let mut near = TcpStream::connect(address).unwrap();
                    near.write_all(&[n as u8; 64]).unwrap();
                    let mut bytes = [0; 64];
                    near.read_exact(&mut bytes).unwrap();
                    assert_eq!(bytes, [n as u8; 64]);
                }
            })
        })
        .collect();
    callers.into_iter().for_each(|caller| caller.join().unwrap());
    println!("{} connects", THREADS * CONNECTS);
}
