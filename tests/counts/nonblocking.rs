//! So many reads that may not wait and find nothing: their system calls are counted from outside. `lost` closes another
//! thread's descriptors behind std's back before, as programs do that close all they do not know: what that thread cannot
//! do any more is nothing to the others.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::os::fd::FromRawFd;
use std::thread;

/// A read that may not wait and finds nothing.
fn read(mut stream: &TcpStream) {
    let result = stream.read(&mut [0]).map_err(|why| why.kind());
    assert_eq!(result, Err(ErrorKind::WouldBlock));
}

/// Closes the `ctl` of the proc that calls.
fn lose_ctl() {
    let pid = fs::read_to_string("/dev/pid").unwrap();
    let table = fs::read_to_string(format!("/proc/{}/fd", pid.trim())).unwrap();
    let ctl = format!("/{}/ctl", pid.trim());
    let line = table.lines().find(|line| line.ends_with(&ctl)).expect("it has one");
    let fd = line.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap();
    // SAFETY: std notices that it is gone, and nothing else is opened.
    drop(unsafe { File::from_raw_fd(fd) });
}

fn main() {
    let mut args = std::env::args().skip(1);
    let is_lost = args.next().as_deref() == Some("lost");
    let rounds: u32 = args.next().and_then(|text| text.parse().ok()).expect("a number");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (_far, _) = listener.accept().unwrap();
    near.set_nonblocking(true).unwrap();
    // This thread has its own `ctl` from here on: the number that is lost is nobody else's.
    read(&near);
    thread::scope(|scope| {
        scope.spawn(|| {
            read(&near);
            if is_lost {
                lose_ctl();
                read(&near);
            }
        });
    });
    for _ in 0..rounds {
        read(&near);
    }
}
