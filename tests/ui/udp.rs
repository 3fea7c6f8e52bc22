//! Sockets: peek, a connected peer, clones, sizes, wildcards, groups, and reads that end on time.

use std::io::{ErrorKind, Result};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_millis(120);

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|why| why.kind())
}

fn main() {
    for host in ["127.0.0.1", "::1"] {
        let a = UdpSocket::bind((host, 0)).unwrap();
        let b = UdpSocket::bind((host, 0)).unwrap();
        let (at_a, at_b) = (a.local_addr().unwrap(), b.local_addr().unwrap());
        data(&a, &b, at_a, at_b);
        timeouts(&a, &b, at_a);
        peers(&a, &b, at_a, at_b);
        sizes(&a, &b, at_b);
    }
    wildcards();
    groups();
}

fn data(a: &UdpSocket, b: &UdpSocket, at_a: SocketAddr, at_b: SocketAddr) {
    let mut buffer = [0; 8];
    a.send_to(b"hello", at_b).unwrap();
    a.send_to(b"", at_b).unwrap();
    let (n, from) = b.peek_from(&mut buffer[..2]).unwrap();
    println!("peek {n} {}", from == at_a);
    let (n, from) = b.recv_from(&mut buffer).unwrap();
    println!("{:?} {}", str::from_utf8(&buffer[..n]), from == at_a);
    println!("empty {:?}", b.recv_from(&mut buffer).map(|(n, from)| (n, from == at_a)).unwrap());
    a.send_to(b"0123456789", at_b).unwrap();
    a.send_to(b"next", at_b).unwrap();
    let (cut, _) = b.recv_from(&mut buffer[..3]).unwrap();
    let (n, _) = b.recv_from(&mut buffer).unwrap();
    println!("cut to {cut}, then {:?}", str::from_utf8(&buffer[..n]));
}

/// A read ends when its time has come and not before; one that data comes for ends with it.
fn timeouts(a: &UdpSocket, b: &UdpSocket, at_a: SocketAddr) {
    let mut buffer = [0; 8];
    println!("zero {:?}", kind(a.set_read_timeout(Some(Duration::ZERO))));
    a.set_read_timeout(Some(TIMEOUT)).unwrap();
    let mut early = 0;
    for _ in 0..5 {
        let start = Instant::now();
        let ended = kind(a.recv_from(&mut buffer));
        early += usize::from(start.elapsed() < TIMEOUT);
        assert_eq!(ended, Some(ErrorKind::TimedOut));
    }
    println!("early {early}");
    let start = Instant::now();
    println!("peek {:?} {}", kind(a.peek(&mut buffer)), start.elapsed() >= TIMEOUT);
    a.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let start = Instant::now();
    let came = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(50));
            b.send_to(b"late", at_a).unwrap();
        });
        a.recv(&mut buffer)
    });
    println!("came {came:?} {}", start.elapsed() < Duration::from_secs(10));
    // Datagrams raced against deadlines: none is lost, none comes twice.
    const RACES: u32 = 200;
    a.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
    let mut seen = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..RACES {
                thread::sleep(Duration::from_micros(u64::from(n * 37 % 4000)));
                b.send_to(&n.to_be_bytes(), at_a).unwrap();
            }
        });
        while seen.last() != Some(&(RACES - 1)) {
            let mut number = [0; 4];
            match a.recv(&mut number) {
                Ok(_) => seen.push(u32::from_be_bytes(number)),
                Err(why) => assert_eq!(why.kind(), ErrorKind::TimedOut),
            }
        }
    });
    println!("all {}", seen.into_iter().eq(0..RACES));
    a.set_read_timeout(None).unwrap();
    // A clone's timeout ends a read that is blocked already.
    let blocked = a.try_clone().unwrap();
    let reader = thread::spawn(move || kind(blocked.recv(&mut [0; 8])));
    thread::sleep(Duration::from_millis(50));
    a.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    println!("changed {:?} {:?}", reader.join().unwrap(), a.try_clone().unwrap().read_timeout());
    a.set_read_timeout(None).unwrap();
    a.set_nonblocking(true).unwrap();
    println!("nonblocking {:?}", kind(a.recv(&mut buffer)));
    // One that may not wait finds what is there, every time.
    const READS: usize = 200;
    let found = (0..READS).filter(|_| {
        b.send_to(b"x", at_a).unwrap();
        thread::sleep(Duration::from_millis(3));
        a.recv(&mut buffer).is_ok()
    });
    println!("nonblocking {}", found.count() == READS);
    a.set_nonblocking(false).unwrap();
}

fn peers(a: &UdpSocket, b: &UdpSocket, at_a: SocketAddr, at_b: SocketAddr) {
    let mut buffer = [0; 8];
    println!("send {:?}, peer {:?}", kind(a.send(b"x")), kind(a.peer_addr()));
    let other = UdpSocket::bind((at_a.ip(), 0)).unwrap();
    a.connect(at_b).unwrap();
    println!("peer {}", a.peer_addr().unwrap() == at_b);
    other.send_to(b"other", at_a).unwrap();
    b.send_to(b"peer", at_a).unwrap();
    let n = a.recv(&mut buffer).unwrap();
    println!("{:?}", str::from_utf8(&buffer[..n]));
    a.connect(other.local_addr().unwrap()).unwrap();
    a.send(b"again").unwrap();
    println!("{:?}", other.recv(&mut buffer));
    // Nobody answers for a port that is closed, and nobody says so.
    let closed = other.local_addr().unwrap();
    drop(other);
    println!("{:?} {:?}", a.send(b"lost"), a.send_to(b"lost", closed));
    b.connect(at_a).unwrap();
    a.connect(at_b).unwrap();
}

fn sizes(a: &UdpSocket, b: &UdpSocket, at_b: SocketAddr) {
    // What is left of the kernel's 64 KiB behind a header.
    let most = 65_484;
    let long: Vec<u8> = (0..=most).map(|n| n as u8).collect();
    println!("long {:?} {:?}", a.send(&long[..most]), kind(a.send(&long)));
    let mut buffer = vec![0; most + 1];
    let n = b.recv(&mut buffer).unwrap();
    println!("whole {} {}", n == most, buffer[..n] == long[..most]);
    println!("port 0 {:?}", kind(a.send_to(b"x", (at_b.ip(), 0))));
}

fn wildcards() {
    let six = UdpSocket::bind("[::]:0").unwrap();
    let port = six.local_addr().unwrap().port();
    let four = UdpSocket::bind("0.0.0.0:0").unwrap();
    println!("{} {}", six.local_addr().unwrap().ip(), four.local_addr().unwrap().ip());
    println!("{:?}", kind(four.send_to(b"x", (Ipv6Addr::LOCALHOST, port))));
    four.send_to(b"four", (Ipv4Addr::LOCALHOST, port)).unwrap();
    let (n, from) = six.recv_from(&mut [0; 8]).unwrap();
    println!("{n} {}", from.ip());
    println!("{:?}", kind(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port))));
    println!("{:?}", kind(UdpSocket::bind("192.0.2.1:0")));
    four.set_broadcast(true).unwrap();
    four.send_to(b"all", (Ipv4Addr::BROADCAST, port)).unwrap();
    println!("broadcast {} {}", four.broadcast().unwrap(), six.recv(&mut [0; 8]).unwrap());
}

fn groups() {
    let group = Ipv4Addr::new(224, 0, 0, 99);
    let member = UdpSocket::bind("0.0.0.0:0").unwrap();
    member.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let to = (group, member.local_addr().unwrap().port());
    // A sender that is bound to an address of one network is not heard by members on another.
    let sender = UdpSocket::bind("0.0.0.0:0").unwrap();
    for interface in [Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED] {
        sender.send_to(b"before", to).unwrap();
        println!("before {:?}", kind(member.recv(&mut [0; 8])));
        member.join_multicast_v4(&group, &interface).unwrap();
        println!("twice {:?}", kind(member.join_multicast_v4(&group, &interface)));
        sender.send_to(b"within", to).unwrap();
        println!("within {:?}", member.recv(&mut [0; 8]));
        member.leave_multicast_v4(&group, &interface).unwrap();
        sender.send_to(b"after", to).unwrap();
        println!("after {:?}", kind(member.recv(&mut [0; 8])));
    }
    println!(
        "no group {}",
        member.join_multicast_v4(&Ipv4Addr::LOCALHOST, &Ipv4Addr::LOCALHOST).is_err()
    );
    println!("{:?}", kind(member.set_multicast_loop_v4(false)));
}
