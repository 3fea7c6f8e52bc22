//! More than a segment over `::1`, whose full segments the kernel drops (`ip/ipv6.c:ipoput6`), to a reader that starts
//! late: everything arrives, both ways at once, with and without timeouts, and what a timed write says was taken is what
//! comes.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

const BYTES: usize = 20 << 20;
/// How much a slow reader takes at once, and how long it rests before it begins.
const PIECE: usize = 1 << 20;
const REST: Duration = Duration::from_millis(500);

fn byte_at(place: usize) -> u8 {
    (place % 251) as u8
}

/// Sends all; gives the number of time-outs.
fn send(mut stream: TcpStream, timeout: Option<Duration>) -> u32 {
    stream.set_write_timeout(timeout).unwrap();
    let all: Vec<u8> = (0..BYTES).map(byte_at).collect();
    let (mut sent, mut timeouts) = (0, 0);
    while sent < BYTES {
        match stream.write(&all[sent..]) {
            Ok(n) => sent += n,
            Err(why) if why.kind() == ErrorKind::TimedOut => timeouts += 1,
            Err(why) => panic!("{why}"),
        }
    }
    timeouts
}

/// Whether all comes, in order.
fn receive(mut stream: TcpStream) -> bool {
    thread::sleep(REST);
    let mut piece = vec![0; PIECE];
    let mut came = 0;
    while came < BYTES {
        let n = stream.read(&mut piece).unwrap();
        if n == 0 || !piece[..n].iter().enumerate().all(|(i, &byte)| byte == byte_at(came + i)) {
            return false;
        }
        came += n;
    }
    true
}

fn main() {
    for host in ["::1", "127.0.0.1"] {
        // All four at once: where acknowledgements are late, each alone takes seconds.
        let streams = [None, Some(Duration::from_millis(20))].map(|timeout| {
            let listener = TcpListener::bind((host, 0)).unwrap();
            let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (far, _) = listener.accept().unwrap();
            let ways = [
                (near.try_clone().unwrap(), far.try_clone().unwrap()),
                (far.try_clone().unwrap(), near.try_clone().unwrap()),
            ];
            let threads = ways.map(|(from, to)| {
                (thread::spawn(move || send(from, timeout)), thread::spawn(move || receive(to)))
            });
            (timeout, threads)
        });
        for (timeout, threads) in streams {
            let whole = threads.map(|(sender, receiver)| {
                let timeouts = sender.join().unwrap();
                assert!(timeout.is_some() || timeouts == 0);
                receiver.join().unwrap()
            });
            println!("{host}, timed {}: {whole:?}", timeout.is_some());
        }
    }
    // Many small writes count too, and a writer that may not wait is told so.
    let listener = TcpListener::bind("[::1]:0").unwrap();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut far, _) = listener.accept().unwrap();
    near.set_nonblocking(true).unwrap();
    let mut taken = 0;
    let why = loop {
        match near.write(&[7; 1000]) {
            Ok(n) => taken += n,
            Err(why) => break why.kind(),
        }
        assert!(taken < 100 << 20);
    };
    near.set_nonblocking(false).unwrap();
    let reader = thread::spawn(move || {
        let mut all = Vec::new();
        far.read_to_end(&mut all).unwrap();
        all.len()
    });
    near.write_all(&vec![7; 1 << 20]).unwrap();
    drop(near);
    println!("{why:?}, whole {}", reader.join().unwrap() == taken + (1 << 20));
}
