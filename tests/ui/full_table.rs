//! Conversations when no descriptor is free: an accept that fails loses no call, and a handle with clones gives its
//! descriptor away all the same.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd};
use std::os::plan9::net::FromDescriptor;

/// Fills the table of descriptors.
fn fill() -> Vec<OwnedFd> {
    let mut all = vec![OwnedFd::from(File::open("/dev/null").unwrap())];
    while let Ok(one) = all[0].try_clone() {
        all.push(one);
    }
    all
}

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut near = TcpStream::connect(address).unwrap();
    // This thread has made a call that can be broken, and has what that takes.
    near.write_all(b"a").unwrap();

    // An accept takes up to three descriptors, which come free one after the other. Without the first the kernel itself
    // loses the call (`port/sysfile.c:sysopen`).
    let mut full = fill();
    drop(full.pop());
    let mut failures = 0;
    let (mut far, _) = loop {
        match listener.accept() {
            Ok(call) => break call,
            Err(_) => failures += 1,
        }
        drop(full.pop());
        assert!(failures < 10);
    };
    drop(full);
    let mut byte = [0];
    far.read_exact(&mut byte).unwrap();
    println!("failed {}, then {}", failures > 1, byte[0] as char);

    let stream = near.try_clone().unwrap();
    let other = listener.try_clone().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let clone = socket.try_clone().unwrap();
    let full = fill();
    println!("no clone: {}", near.try_clone().is_err());
    let raw =
        [stream.into_raw_fd(), other.into_raw_fd(), clone.into_raw_fd(), socket.into_raw_fd()];
    drop(full);
    // SAFETY: they were given away.
    let [stream, other, clone, socket] = raw.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
    File::from(stream).write_all(b"b").unwrap();
    near.write_all(b"c").unwrap();
    let mut two = [0; 2];
    far.read_exact(&mut two).unwrap();
    println!("both write: {:?}", str::from_utf8(&two));
    let other = TcpListener::from_descriptor(other).unwrap();
    println!("the same listener: {}", other.local_addr().unwrap() == address);
    let [clone, socket] = [clone, socket].map(|fd| UdpSocket::from_descriptor(fd).unwrap());
    println!("the same socket: {}", clone.local_addr().unwrap() == socket.local_addr().unwrap());

    // What is none is an error.
    let null = || OwnedFd::from(File::open("/dev/null").unwrap());
    let whys = [
        TcpStream::from_descriptor(null()).map(drop),
        TcpListener::from_descriptor(null()).map(drop),
        UdpSocket::from_descriptor(null()).map(drop),
        TcpStream::from_descriptor(OwnedFd::from(socket)).map(drop),
    ];
    println!("others: {:?}", whys.map(|result| result.map_err(|why| why.kind())));
}
