//! A conversation inside the machine with a byte each way.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// Connects, sends a byte each way and closes both ends, the caller's first or the other.
pub fn hold(listener: &TcpListener, address: SocketAddr, caller_first: bool) {
    let mut near = TcpStream::connect(address).unwrap();
    let (mut far, _) = listener.accept().unwrap();
    near.write_all(b"a").unwrap();
    far.read_exact(&mut [0]).unwrap();
    far.write_all(b"b").unwrap();
    near.read_exact(&mut [0]).unwrap();
    let (first, second) = if caller_first { (near, far) } else { (far, near) };
    drop(first);
    drop(second);
}
