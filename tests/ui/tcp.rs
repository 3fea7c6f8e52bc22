//! Streams and listeners: both halves from two threads, peek, clones, addresses, refusal, shutdown.

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

fn main() {
    for host in ["127.0.0.1", "::1"] {
        let listener = TcpListener::bind((host, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, peer) = listener.accept().unwrap();
            assert_eq!(stream.peer_addr().unwrap(), peer);
            let mut text = Vec::new();
            stream.read_to_end(&mut text).unwrap();
            text.len()
        });
        let mut stream = TcpStream::connect(address).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        stream.write_vectored(&[IoSlice::new(b"ab"), IoSlice::new(b"cd")]).unwrap();
        stream.write_all(&[7; 1_000_000]).unwrap();
        drop(stream);
        println!("{} {}", address.ip(), server.join().unwrap() > 1_000_000);
    }

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut near = TcpStream::connect(address).unwrap();
    let (mut far, _) = listener.accept().unwrap();
    far.write_all(b"hello").unwrap();
    let mut buffer = [0; 8];
    println!("peek {:?}", near.peek(&mut buffer[..3]));
    println!("read {:?} {:?}", near.read_exact(&mut buffer[..5]), &buffer[..5]);
    near.set_read_timeout(Some(Duration::from_millis(77))).unwrap();
    println!("clone {:?}", near.try_clone().unwrap().read_timeout());

    near.set_read_timeout(None).unwrap();
    let mut reader = near.try_clone().unwrap();
    let blocked = thread::spawn(move || reader.read(&mut [0; 8]));
    thread::sleep(Duration::from_millis(50));
    near.write_all(b"x").unwrap();
    println!("other half {:?}", far.read(&mut buffer));
    near.shutdown(Shutdown::Read).unwrap();
    println!("shut {:?}", blocked.join().unwrap());
    let mut reader = far.try_clone().unwrap();
    let blocked = thread::spawn(move || reader.read(&mut [0; 8]));
    thread::sleep(Duration::from_millis(50));
    far.shutdown(Shutdown::Both).unwrap();
    println!("shut {:?}", blocked.join().unwrap());

    drop(listener);
    println!("{:?}", TcpStream::connect(address).map_err(|why| why.kind()).unwrap_err());
    println!(
        "{:?}",
        TcpStream::connect("localhost:1").unwrap_err().kind() == ErrorKind::ConnectionRefused
    );
}
