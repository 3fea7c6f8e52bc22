//! What programs meet at the edges of a stream: peeks that grow, empty buffers, a wildcard of one version, a peer that has
//! closed, a peer that resets, numbers of interfaces.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::plan9::net::TcpListenerExt;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(20);

fn pair(host: &str) -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((host, 0)).unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let far = listener.accept().unwrap().0;
    (near, far)
}

/// A peek sees what has come since the first one, as on other systems, and still waits for nothing.
fn peeks() {
    let (mut near, far) = pair("127.0.0.1");
    let mut four = [0; 4];
    near.write_all(b"a").unwrap();
    println!("peek {:?}", far.peek(&mut four).unwrap());
    println!("the same {:?}", far.peek(&mut four).unwrap());
    near.write_all(b"bcd").unwrap();
    let start = Instant::now();
    while far.peek(&mut four).unwrap() < 4 {
        assert!(start.elapsed() < LONG, "the rest is never seen");
    }
    println!("the rest {:?}", str::from_utf8(&four));
    let mut all = [0; 8];
    let n = (&far).read(&mut all).unwrap();
    println!("read {:?}", str::from_utf8(&all[..n]));
    near.write_all(b"xy").unwrap();
    far.peek(&mut four[..1]).unwrap();
    drop(near);
    let mut rest = String::new();
    while far.peek(&mut four).unwrap() < 2 {}
    (&far).read_to_string(&mut rest).unwrap();
    println!("then {rest:?} and {:?}", far.peek(&mut four).unwrap());
}

/// An empty buffer waits for nobody, not even for its turn.
fn empty_buffers() {
    let (mut near, mut far) = pair("127.0.0.1");
    let mut reader = far.try_clone().unwrap();
    let waiting = thread::spawn(move || reader.read(&mut [0; 4]).unwrap());
    thread::sleep(Duration::from_millis(50));
    println!("empty {:?} {:?}", far.read(&mut []).unwrap(), far.peek(&mut []).unwrap());
    near.write_all(b"go").unwrap();
    println!("who waited {}", waiting.join().unwrap());
}

/// A wildcard of IPv4 takes no calls over IPv6; one of IPv6 takes both.
fn wildcards() {
    let four = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = four.local_addr().unwrap().port();
    let stranger = TcpStream::connect(("::1", port));
    let none = four.accept_timeout(Duration::from_millis(200)).map_err(|why| why.kind());
    println!("over IPv6: {:?}", none.map(|(_, peer)| peer.is_ipv6()));
    // Its caller finds it closed, whether by an end or by a reset.
    let told = stranger.and_then(|mut stranger| {
        stranger.set_read_timeout(Some(LONG))?;
        stranger.read(&mut [0])
    });
    let is_told = match told {
        Ok(n) => n == 0,
        Err(why) => why.kind() != ErrorKind::TimedOut,
    };
    println!("its caller is told: {is_told}");
    let _caller = TcpStream::connect(("127.0.0.1", port)).unwrap();
    println!("over IPv4: {}", four.accept_timeout(LONG).unwrap().1.is_ipv4());
    let six = TcpListener::bind("[::]:0").unwrap();
    let port = six.local_addr().unwrap().port();
    let _callers = ["127.0.0.1", "::1"].map(|host| {
        let caller = TcpStream::connect((host, port)).unwrap();
        six.accept_timeout(LONG).unwrap();
        caller
    });
    println!("both: true");
}

/// Writes until one fails: whether that was soon, and the right error. Kernels before 2025-10-18 call it a reset.
fn fails(stream: &mut TcpStream) -> bool {
    for _ in 0..100 {
        if let Err(why) = stream.write(b"x") {
            return matches!(why.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset);
        }
        thread::sleep(Duration::from_millis(1));
    }
    false
}

/// A writer that never reads hears that its peer has closed, within a bounded number of writes.
fn closed_peers() {
    for host in ["127.0.0.1", "::1"] {
        let (mut near, far) = pair(host);
        drop(far);
        println!("{host}, closed: {}", fails(&mut near));
        let listener = TcpListener::bind((host, 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let program = std::env::current_exe().unwrap();
        let mut caller = Command::new(program).args(["child", &address]).spawn().unwrap();
        let (mut far, _) = listener.accept().unwrap();
        far.read_exact(&mut [0]).unwrap();
        caller.wait().unwrap();
        println!("{host}, another program's: {}", fails(&mut far));
    }
}

/// The other program: calls, writes a byte, and ends.
fn child(address: &str) {
    TcpStream::connect(address).unwrap().write_all(b"x").unwrap();
}

/// Resets a conversation, by its `ctl`.
fn hang_up(stream: &TcpStream) {
    let of_descriptor = fs::read_to_string(format!("/fd/{}ctl", stream.as_raw_fd())).unwrap();
    let data = of_descriptor.split_ascii_whitespace().last().unwrap();
    fs::write(data.replace("/data", "/ctl"), "hangup").unwrap();
}

/// A reset is not a clean end. The two ends of `::1` are not spliced.
fn resets() {
    let (mut near, far) = pair("::1");
    (&far).write_all(b"half a body").unwrap();
    near.read_exact(&mut [0; 4]).unwrap();
    let reader = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        let mut rest = Vec::new();
        let why = near.read_to_end(&mut rest).map_err(|why| why.kind());
        (why.map(|_| "a clean end"), near.read(&mut [0; 4]).map_err(|why| why.kind()))
    });
    hang_up(&far);
    println!("a reset: {:?}", reader.join().unwrap());
    let (mut near, far) = pair("::1");
    (&far).write_all(b"a body").unwrap();
    drop(far);
    let mut body = String::new();
    println!("a close: {:?} {body:?}", near.read_to_string(&mut body).is_ok());
}

/// The kernel knows no interface by its number, and would take any.
fn scopes() {
    let scoped: SocketAddr = "[fe80::1%2]:7".parse().unwrap();
    let socket = UdpSocket::bind("[::]:0").unwrap();
    println!(
        "scopes: {:?} {:?} {:?} {:?}",
        TcpStream::connect(scoped).map(drop).map_err(|why| why.kind()),
        TcpListener::bind(scoped).map(drop).map_err(|why| why.kind()),
        socket.send_to(b"x", scoped).map_err(|why| why.kind()),
        UdpSocket::bind(scoped).map(drop).map_err(|why| why.kind()),
    );
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some("child") {
        return child(&std::env::args().nth(2).unwrap());
    }
    peeks();
    empty_buffers();
    wildcards();
    closed_peers();
    resets();
    scopes();
}
