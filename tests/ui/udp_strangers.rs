//! A connected socket under a flood of strangers' datagrams keeps its timeout and its non-blocking mode, and hears its peer.

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

/// Together they send faster than one reads.
const STRANGERS: usize = 8;
const TIMEOUT: Duration = Duration::from_millis(100);
/// What a busy machine may add.
const LATE: Duration = Duration::from_secs(5);

fn main() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = socket.local_addr().unwrap();
    socket.connect(peer.local_addr().unwrap()).unwrap();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..STRANGERS {
            scope.spawn(|| {
                let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
                while !over.load(SeqCst) {
                    let _ = stranger.send_to(b"not yours", at);
                }
            });
        }
        thread::sleep(TIMEOUT);
        let guard = scope.spawn(|| {
            // A defect must fail, not hang.
            let start = Instant::now();
            while !over.load(SeqCst) && start.elapsed() < 4 * LATE {
                thread::sleep(TIMEOUT);
            }
            over.store(true, SeqCst);
        });
        socket.set_read_timeout(Some(TIMEOUT)).unwrap();
        let start = Instant::now();
        let kind = socket.recv(&mut [0; 20]).unwrap_err().kind();
        let took = start.elapsed();
        println!("timed: {kind:?} {} {}", took >= TIMEOUT, took < TIMEOUT + LATE);
        socket.set_nonblocking(true).unwrap();
        let start = Instant::now();
        let kind = socket.recv(&mut [0; 20]).unwrap_err().kind();
        println!("non-blocking: {kind:?} {}", start.elapsed() < LATE);
        socket.set_nonblocking(false).unwrap();
        over.store(true, SeqCst);
        guard.join().unwrap();
    });
    // What the strangers have left is in front of it.
    let mut tries = 0;
    loop {
        peer.send_to(b"yours", at).unwrap();
        match socket.recv(&mut [0; 20]) {
            Ok(n) => break println!("the peer is heard: {n}"),
            Err(why) => assert_eq!(why.kind(), ErrorKind::TimedOut),
        }
        tries += 1;
        assert!(tries < 100, "the peer is not heard");
    }
}
