//! Another program may take a note away before it is delivered, by reading the proc's note file: a timed call ends all
//! the same, and the next ones too.

use std::fs;
use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Time-outs at least, and at most, until a note has been taken.
const LEAST: usize = 200;
const MOST: usize = 5_000;
const TAKEN: usize = 3;

static OVER: AtomicBool = AtomicBool::new(false);
static TAKEN_AWAY: AtomicUsize = AtomicUsize::new(0);

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (_far, _) = listener.accept().unwrap();
    let pid = fs::read_to_string("/dev/pid").unwrap();
    let name = format!("/proc/{}/note", pid.trim());
    let thieves: Vec<_> = (0..2)
        .map(|_| {
            let name = name.clone();
            thread::spawn(move || {
                while !OVER.load(Ordering::Relaxed) {
                    if fs::read(&name).is_ok_and(|text| text.starts_with(b"rust dl ")) {
                        TAKEN_AWAY.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    near.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let mut ended = 0;
    while ended < LEAST || TAKEN_AWAY.load(Ordering::Relaxed) < TAKEN && ended < MOST {
        let result = near.read(&mut [0]);
        assert_eq!(result.map_err(|why| why.kind()), Err(ErrorKind::TimedOut));
        ended += 1;
    }
    OVER.store(true, Ordering::Relaxed);
    thieves.into_iter().for_each(|thief| thief.join().unwrap());
    eprintln!("{} notes of {ended} were taken away", TAKEN_AWAY.load(Ordering::Relaxed));
    println!("every read ended");
}
