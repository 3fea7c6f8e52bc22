//! Whatever blocks can be bounded or woken: a timeout changed under a blocked call, shutdown from another thread, a
//! listener that is shut under its acceptors, an accept with a timeout.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::plan9::net::TcpListenerExt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(600);

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

/// Writes until it fails; what it failed with.
fn fill(mut stream: &TcpStream) -> ErrorKind {
    loop {
        if let Err(why) = stream.write(&[0; 40_000]) {
            return why.kind();
        }
    }
}

fn main() {
    for before in [None, Some(LONG)] {
        let (near, _far) = pair();
        near.set_read_timeout(before).unwrap();
        near.set_write_timeout(before).unwrap();
        let other = near.try_clone().unwrap();
        let start = Instant::now();
        let reader = near.try_clone().unwrap();
        let reader = thread::spawn(move || (&reader).read(&mut [0]).unwrap_err().kind());
        // A second reader waits for its turn.
        let second = near.try_clone().unwrap();
        let second = thread::spawn(move || (&second).read(&mut [0]).unwrap_err().kind());
        let writer = thread::spawn(move || fill(&near));
        thread::sleep(SHORT);
        other.set_read_timeout(Some(2 * SHORT)).unwrap();
        other.set_write_timeout(Some(2 * SHORT)).unwrap();
        println!("changed: {:?} {:?}", reader.join().unwrap(), second.join().unwrap());
        println!("changed: {:?}", writer.join().unwrap());
        println!(
            "neither early nor late: {}",
            start.elapsed() >= 2 * SHORT && start.elapsed() < LONG / 10
        );
    }

    let (near, _far) = pair();
    near.set_read_timeout(Some(2 * SHORT)).unwrap();
    let other = near.try_clone().unwrap();
    let reader = thread::spawn(move || {
        let start = Instant::now();
        let kind = (&near).read(&mut [0]).unwrap_err().kind();
        (kind, start.elapsed() >= 4 * SHORT)
    });
    thread::sleep(SHORT);
    other.set_read_timeout(Some(4 * SHORT)).unwrap();
    println!("longer: {:?}", reader.join().unwrap());

    let (near, far) = pair();
    let other = near.try_clone().unwrap();
    let reader = near.try_clone().unwrap();
    let reader = thread::spawn(move || (&reader).read(&mut [0]));
    let writer = thread::spawn(move || fill(&near));
    thread::sleep(SHORT);
    other.shutdown(Shutdown::Both).unwrap();
    println!("shut: {:?} {:?}", reader.join().unwrap(), writer.join().unwrap());
    println!("shut: {:?}", (&other).write(b"x").unwrap_err().kind());
    drop(far);

    let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
    let start = Instant::now();
    println!("nobody: {:?}", listener.accept_timeout(SHORT).unwrap_err().kind());
    println!("not early: {}", start.elapsed() >= SHORT);
    println!("zero: {:?}", listener.accept_timeout(Duration::ZERO).unwrap_err().kind());
    let acceptors: Vec<_> = (0..4)
        .map(|_| {
            let listener = Arc::clone(&listener);
            thread::spawn(move || {
                let mut calls = 0;
                loop {
                    match listener.accept() {
                        Ok(_) => calls += 1,
                        Err(why) => return (calls, why.kind()),
                    }
                }
            })
        })
        .collect();
    let address = listener.local_addr().unwrap();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(address).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }
    listener.shutdown().unwrap();
    let (mut calls, mut kinds) = (0, Vec::new());
    for acceptor in acceptors {
        let (some, kind) = acceptor.join().unwrap();
        calls += some;
        kinds.push(kind);
    }
    println!("{calls} calls, then {kinds:?}");
    println!("afterwards: {:?}", listener.accept().unwrap_err().kind());
    // The conversation has its port until it is closed (ip/devip.c:setluniqueport).
    println!("the port is free: {}", TcpListener::bind(address).is_ok());
    drop(listener);
    println!("closed, it is: {}", TcpListener::bind(address).is_ok());
}
