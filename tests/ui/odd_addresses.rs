//! Addresses that are none, and the one that means this machine.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::time::{Duration, Instant};

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for host in ["localhost", "127.0.0.1", "0.0.0.0"] {
        let mut near = TcpStream::connect((host, port)).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        near.write_all(b"x").unwrap();
        far.read_exact(&mut [0]).unwrap();
        println!("{host}: {}", near.peer_addr().unwrap().ip());
    }
    let six = TcpListener::bind("[::]:0").unwrap();
    let port = six.local_addr().unwrap().port();
    let near = TcpStream::connect(("::", port)).unwrap();
    println!("::: {}", near.peer_addr().unwrap().ip());
    println!("with a timeout: {}", {
        let any = SocketAddr::from(([0, 0, 0, 0], port));
        TcpStream::connect_timeout(&any, Duration::from_secs(20)).is_ok()
    });
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let own = socket.local_addr().unwrap();
    println!("a datagram: {:?}", socket.send_to(b"to whom", own));
    println!("comes: {:?}", socket.recv(&mut [0; 20]));
    socket.connect(own).unwrap();
    println!("connected, {}", socket.local_addr().unwrap().ip());
    let both = UdpSocket::bind("[::]:0").unwrap();
    both.connect(("127.0.0.1", own.port())).unwrap();
    println!("of both versions, {}", both.local_addr().unwrap().ip());

    // Refused before anybody is asked, or soon.
    for bad in [
        "127.0.0.1:70000",
        "localhost:65536",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:http ",
        ":80",
        "[::1:80",
        "",
        "localhost:-1",
    ] {
        let start = Instant::now();
        let kind = TcpStream::connect(bad).map(drop).map_err(|why| why.kind());
        assert!(kind.is_err(), "{bad:?} connected");
        assert!(start.elapsed() < Duration::from_secs(20), "{bad:?}: {:?}", start.elapsed());
        if bad.contains("70000") || bad.contains("655") || bad == "127.0.0.1" {
            assert_eq!(kind, Err(ErrorKind::InvalidInput), "{bad:?}");
        }
    }
    let none: [SocketAddr; 0] = [];
    println!("none: {:?}", TcpStream::connect(&none[..]).map(drop).map_err(|why| why.kind()));
    // Once: the answer may take a name server half a minute.
    println!("a name: {}", ("no-such-host.invalid", 80).to_socket_addrs().is_err());
    // The first refuses, the second takes.
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let two = [dead, listener.local_addr().unwrap()];
    println!("the second: {}", TcpStream::connect(&two[..]).is_ok());
}
