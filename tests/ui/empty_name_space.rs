//! A program whose name space is empty keeps what std needs of the kernel: its clocks, random keys, the end of all its
//! threads.

use std::collections::HashSet;
use std::env;
use std::io::Read;
use std::os::plan9::namespace::{self, Groups};
use std::os::plan9::note::{self, Notes};
use std::process::{self, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

fn main() {
    if env::args().nth(1).as_deref() == Some("child") { child() } else { parent() }
}

fn child() {
    namespace::leave(Groups::TO_EMPTY_NAME_SPACE).unwrap();
    assert!(std::fs::metadata("/dev/random").is_err());
    let start = Instant::now();
    println!("a set of {}", HashSet::from([1, 2, 1]).len());
    println!("processors: {}", thread::available_parallelism().is_ok());
    let notes = Notes::watch(["hello"]).unwrap();
    note::post(process::id(), b"hello there").unwrap();
    println!("{}", String::from_utf8_lossy(notes.recv().text()));
    thread::sleep(Duration::from_millis(20));
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert!(thread::Builder::new().name("named".into()).spawn(|| ()).unwrap().join().is_ok());
    let waiting = thread::spawn(|| thread::sleep(Duration::MAX));
    thread::spawn(|| process::exit(7));
    waiting.join().unwrap();
}

fn parent() {
    let mut child = Command::new(env::current_exe().unwrap())
        .arg("child")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let (told, tell) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text).unwrap();
        told.send(text).unwrap();
    });
    print!("{}", tell.recv_timeout(Duration::from_secs(10)).expect("it ends"));
    println!("{}", child.wait().unwrap());
}
