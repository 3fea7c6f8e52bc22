//! Conversations in another network's folder than `/net`: here the IP device itself, which is the same network.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::plan9::net::{directory, set_directory};
use std::time::Duration;

fn main() {
    assert_eq!(directory().to_str(), Some("/net"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    for (wrong, kind) in [
        ("net", ErrorKind::InvalidInput),
        ("/no such folder", ErrorKind::NotFound),
        ("/dev/null", ErrorKind::NotADirectory),
        (
            "#I/a folder whose name is so long that no file of a conversation in it has a name of 128",
            ErrorKind::InvalidInput,
        ),
    ] {
        assert_eq!(set_directory(wrong).unwrap_err().kind(), kind, "{wrong}");
        assert_eq!(directory().to_str(), Some("/net"));
    }
    println!("wrong folders are refused");

    set_directory("#I/").unwrap();
    assert_eq!(directory().to_str(), Some("#I"));
    // The listener stays in its own.
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut far, peer) = listener.accept().unwrap();
    assert_eq!(near.local_addr().unwrap(), peer);
    near.write_all(b"hello").unwrap();
    let mut word = [0; 5];
    far.read_exact(&mut word).unwrap();
    println!("{}", String::from_utf8_lossy(&word));
    near.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    assert_eq!(near.read(&mut word).unwrap_err().kind(), ErrorKind::TimedOut);

    let mut near = TcpStream::from(OwnedFd::from(near));
    near.write_all(b"again").unwrap();
    far.read_exact(&mut word).unwrap();
    println!("{}", String::from_utf8_lossy(&word));

    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"datagram", socket.local_addr().unwrap()).unwrap();
    set_directory("/net").unwrap();
    let mut buffer = [0; 20];
    let (n, _) = socket.recv_from(&mut buffer).unwrap();
    println!("{}", String::from_utf8_lossy(&buffer[..n]));
}
