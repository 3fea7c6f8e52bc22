//! Streams with no descriptor free: a call without a timeout works on a thread that has made none before, what a timeout
//! needs and cannot have is said where it is set, and all is well when descriptors are free again. A thread that has what
//! it needs is timed all the same, by a deadline thread that has no descriptor of its own.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(20);

/// A pair of ends.
fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    (near, far)
}

fn main() {
    let (mut near, mut far) = pair();
    // This thread's first call.
    near.write_all(b"w").unwrap();
    far.read_exact(&mut [0]).unwrap();
    let null = File::open("/dev/null").unwrap();
    let mut full = Vec::new();
    while let Ok(file) = null.try_clone() {
        full.push(file);
    }
    near.set_read_timeout(Some(SHORT)).unwrap();
    for _ in 0..5 {
        let start = Instant::now();
        let result = near.read(&mut [0]).map_err(|why| why.kind() == ErrorKind::TimedOut);
        println!("in time: {result:?}, early: {}", start.elapsed() < SHORT);
    }
    near.set_read_timeout(None).unwrap();
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut byte = [0];
            let read = far.read(&mut byte).map(|n| (n, byte[0]));
            println!("read: {read:?}");
            println!("write: {:?}", far.write(b"y"));
            println!("set_read_timeout: {}", far.set_read_timeout(Some(SHORT)).is_ok());
            println!("set_nonblocking: {}", far.set_nonblocking(true).is_ok());
            println!("no timeout: {:?}", far.set_read_timeout(None).map(|()| far.read_timeout()));
        });
        // The reader waits by then, and no change of its bound reaches it.
        thread::sleep(SHORT);
        let written = near.write(b"x");
        reader.join().unwrap();
        println!("written: {written:?}");
        let mut byte = [0];
        println!("read: {:?}", near.read(&mut byte));
    });
    drop(full);
    near.set_read_timeout(Some(SHORT)).unwrap();
    println!("in time: {:?}", near.read(&mut [0]).map_err(|why| why.kind() == ErrorKind::TimedOut));
    near.set_nonblocking(true).unwrap();
    println!(
        "at once: {:?}",
        near.read(&mut [0]).map_err(|why| why.kind() == ErrorKind::WouldBlock)
    );
}
