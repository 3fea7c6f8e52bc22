//! An end of a conversation inside the machine that is closed last, without having read the end, hangs nobody else up: a
//! spliced one has a pointer to where its peer was (`ip/tcp.c:tcpclose`).

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

fn pair(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

/// Bytes go both ways.
fn lives((near, far): &mut (TcpStream, TcpStream)) -> bool {
    let mut byte = [0];
    let there = near.write_all(b"a").and_then(|()| far.read_exact(&mut byte));
    let back = far.write_all(b"b").and_then(|()| near.read_exact(&mut byte));
    there.is_ok() && back.is_ok() && byte == *b"b"
}

/// Open files of conversations.
fn files() -> usize {
    let own = format!("/proc/{}/fd", std::process::id());
    std::fs::read_to_string(own).unwrap().lines().filter(|line| line.contains("/net/tcp")).count()
}

/// A call that is given up, maybe as it is answered, or refused by a listener who has enough of them.
fn give_up(address: &SocketAddr) {
    drop(TcpStream::connect_timeout(address, Duration::from_nanos(1)));
}

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (one, left) = pair(&listener);
    drop(one);
    let mut next = pair(&listener);
    drop(left);
    println!("the caller first {}", lives(&mut next));

    let (left, one) = pair(&listener);
    drop(one);
    let mut other = pair(&listener);
    drop(left);
    println!("the answerer first {} {}", lives(&mut other), lives(&mut next));

    let (one, left) = pair(&listener);
    drop(one);
    let second = TcpListener::bind("127.0.0.1:0").unwrap();
    drop(left);
    println!("a listener {}", lives(&mut pair(&second)));
    drop((second, next, other));

    // Many at once, in all orders.
    let mut pairs: Vec<(TcpStream, TcpStream)> = (0..40).map(|_| pair(&listener)).collect();
    let (ones, lefts): (Vec<TcpStream>, Vec<TcpStream>) = pairs.drain(..20).unzip();
    drop(ones);
    pairs.extend((0..20).map(|_| pair(&listener)));
    drop(lefts);
    println!("many {}", pairs.iter_mut().all(lives));
    drop(pairs);
    println!("files left {}", files());

    // A descriptor that others have as well keeps the conversation open.
    let (near, mut far) = pair(&listener);
    let copy = std::os::fd::AsFd::as_fd(&near).try_clone_to_owned().unwrap();
    drop(near);
    let mut near = TcpStream::from(copy);
    println!("a copy {}", near.write_all(b"x").is_ok() && far.read_exact(&mut [0]).is_ok());
    drop((near, far));

    let address = listener.local_addr().unwrap();
    (0..50).for_each(|_| give_up(&address));
    drop(listener);
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("given up {}", lives(&mut pair(&other)));
}
