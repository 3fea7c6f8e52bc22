//! Threads of std's own, for deadlines, for notes and for children, run nothing of the program's: no spawn hook sees them.

#![feature(thread_spawn_hook)]

use std::net::UdpSocket;
use std::os::plan9::note::Notes;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

static SPAWNED: AtomicUsize = AtomicUsize::new(0);
static STARTED: AtomicUsize = AtomicUsize::new(0);

fn main() {
    thread::add_spawn_hook(|_| {
        SPAWNED.fetch_add(1, Ordering::SeqCst);
        || {
            STARTED.fetch_add(1, Ordering::SeqCst);
        }
    });
    let count = |what: &str| {
        let (spawned, started) = (SPAWNED.load(Ordering::SeqCst), STARTED.load(Ordering::SeqCst));
        println!("{what}: {spawned} spawned, {started} started");
    };
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    socket.recv(&mut [0]).unwrap_err();
    count("a deadline");
    let _notes = Notes::watch(["passing by"]).unwrap();
    count("a watch");
    let ended = Command::new("/no/such/program").spawn();
    count(if ended.is_err() { "a child that cannot start" } else { "a child" });
    thread::spawn(|| {}).join().unwrap();
    count("a thread of the program's");
}
