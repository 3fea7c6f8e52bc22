//! A child has descriptors 0, 1 and 2 and what its parent was started with, whatever that has opened, and whatever other
//! threads are opening.

use std::env;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

const THREADS: usize = 4;
const CHILDREN: usize = 10;

fn main() {
    if env::args().any(|arg| arg == "list") {
        print!("{:?}", open());
        return;
    }
    let first = open();
    let near = File::open("/dev/null").unwrap();
    let _copies = [near.try_clone().unwrap(), near];
    let pipe = std::io::pipe().unwrap();
    let _copy = pipe.0.try_clone().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let far = listener.accept().unwrap().0;
    far.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    // The thread's own files, for timeouts.
    assert!(std::io::Read::read(&mut &far, &mut [0]).is_err());
    let _socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let _folder = fs::read_dir("/dev").unwrap();
    println!("many {}", open().len() > first.len() + 10);

    let stop = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Relaxed) {
                    drop((std::io::pipe().unwrap(), File::open("/dev/zero").unwrap()));
                    drop(stream.try_clone().unwrap());
                }
            });
        }
        let starters: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(|| (0..CHILDREN).map(|_| child()).collect()))
            .collect();
        let seen: Vec<Vec<String>> = starters.into_iter().map(|all| all.join().unwrap()).collect();
        stop.store(true, Relaxed);
        seen.concat()
    });
    assert_eq!(seen.len(), THREADS * CHILDREN);
    let leaked = seen.iter().find(|&open| *open != format!("{first:?}"));
    println!("leaked {leaked:?}");
}

fn child() -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    command.arg("list").stdin(Stdio::piped()).stderr(Stdio::piped());
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

/// The descriptors that are open, but for the one that they were read through.
fn open() -> Vec<u32> {
    let names = fs::read_dir("/fd").unwrap().map(|entry| entry.unwrap().file_name());
    let mut open: Vec<u32> = names.filter_map(|name| name.to_str()?.parse().ok()).collect();
    open.sort();
    open.retain(|fd| fs::exists(format!("/fd/{fd}ctl")).unwrap());
    open
}
