//! Streams and listeners that do not wait: `WouldBlock`, and never a lost or doubled byte.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// The i-th byte of what is sent.
fn byte(i: usize) -> u8 {
    (i ^ i >> 8 ^ i >> 16) as u8
}

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    println!("nobody calls: {:?}", listener.accept().unwrap_err().kind());
    let mut near = TcpStream::connect(address).unwrap();
    let (mut far, _) = loop {
        match listener.accept() {
            Ok(call) => break call,
            Err(why) => assert_eq!(why.kind(), ErrorKind::WouldBlock),
        }
    };

    near.set_nonblocking(true).unwrap();
    let mut buffer = vec![0; 100_000];
    println!("nothing to read: {:?}", near.read(&mut buffer).unwrap_err().kind());
    println!("nothing to peek: {:?}", near.peek(&mut buffer).unwrap_err().kind());
    let start = Instant::now();
    thread::sleep(Duration::from_millis(20));
    println!("a sleep is left alone: {}", start.elapsed() >= Duration::from_millis(20));
    far.write_all(b"ab").unwrap();
    println!("something to read: {:?} {:?}", near.read(&mut buffer), &buffer[..2]);

    // Fill until it would block, let the other side read in fits, and count every byte. Two ends whose queues are not one
    // hold 8 MiB each.
    const TOTAL: usize = 20_000_000;
    let (full, fills) = mpsc::channel();
    let reader = thread::spawn(move || {
        let (mut buffer, mut total) = (vec![0; 100_000], 0);
        fills.recv().unwrap();
        loop {
            thread::sleep(Duration::from_millis(1));
            let n = far.read(&mut buffer).unwrap();
            if n == 0 {
                return total;
            }
            for (i, &found) in buffer[..n].iter().enumerate() {
                assert_eq!(found, byte(total + i), "byte {}", total + i);
            }
            total += n;
        }
    });
    let (mut sent, mut refused) = (0, 0);
    while sent < TOTAL {
        let len = (1 + sent * 7 % 70_000).min(TOTAL - sent);
        let bytes: Vec<u8> = (sent..sent + len).map(byte).collect();
        match near.write(&bytes) {
            Ok(n) => sent += n,
            Err(why) => {
                assert_eq!(why.kind(), ErrorKind::WouldBlock);
                refused += 1;
                full.send(()).unwrap();
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
    drop(near);
    println!("every byte once: {}", reader.join().unwrap() == TOTAL);
    println!("the writer was refused: {}", refused > 0);

    listener.set_nonblocking(false).unwrap();
    let caller = thread::spawn(move || TcpStream::connect(address).is_ok());
    println!("waits again: {} {}", listener.accept().is_ok(), caller.join().unwrap());
}
