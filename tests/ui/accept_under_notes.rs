//! Notes that are nobody's come to a thread that accepts without waiting: it takes every call that has come, and says
//! `WouldBlock` only where none has.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::plan9::note;
use std::process;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

const CALLS: usize = 60;

static OVER: AtomicBool = AtomicBool::new(false);

fn main() {
    let _ignored = note::ignore(["pest"]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    let pid = process::id();
    let pest = thread::spawn(move || {
        while !OVER.load(SeqCst) {
            let _ = note::post(pid, b"pest");
            thread::sleep(Duration::from_micros(100));
        }
    });
    let mut missed = 0;
    for _ in 0..CALLS {
        let mut near = TcpStream::connect(address).unwrap();
        let (mut far, _) = loop {
            match listener.accept() {
                Ok(call) => break call,
                Err(why) => assert_eq!(why.kind(), ErrorKind::WouldBlock),
            }
            missed += 1;
        };
        near.write_all(b"a").unwrap();
        far.read_exact(&mut [0]).unwrap();
    }
    println!("calls that were missed: {missed}");
    let why = listener.accept().map(drop).map_err(|why| why.kind());
    println!("no call: {why:?}");
    OVER.store(true, SeqCst);
    pest.join().unwrap();
}
