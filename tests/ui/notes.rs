//! Notes that a program asks for, on an ordinary thread; what they do to blocked calls: nothing.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::plan9::namespace::{self, Groups};
use std::os::plan9::note::{self, Notes};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const STEP: Duration = Duration::from_millis(100);

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

/// Posts to `pid` at a high rate until told to stop; how many the kernel took.
fn pester(pid: u32, text: &'static [u8]) -> impl FnOnce() -> u32 {
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let pester = thread::spawn(move || {
        let mut posted = 0;
        while !told.load(Relaxed) {
            posted += u32::from(note::post(pid, text).is_ok());
            thread::sleep(Duration::from_millis(1));
        }
        posted
    });
    move || {
        stop.store(true, Relaxed);
        pester.join().unwrap()
    }
}

fn main() {
    // What goes to the group is not for whoever started the program.
    namespace::leave(Groups::NOTES).unwrap();
    let me = process::id();
    let notes = Notes::watch(["hello", "alarm"]).unwrap();
    for text in ["hello", "hello again"] {
        note::post(me, text.as_bytes()).unwrap();
        println!("{}", String::from_utf8_lossy(notes.recv().text()));
    }
    println!("{:?}", notes.try_recv());
    println!("{:?}", notes.recv_timeout(STEP / 10));

    // The later watcher of a text gets it; the earlier one when that has gone.
    let later = Notes::watch(["hello"]).unwrap();
    note::post(me, b"hello").unwrap();
    println!("later {}", later.recv().text() == b"hello" && notes.try_recv().is_none());
    drop(later);
    note::post(me, b"hello").unwrap();
    println!("earlier {}", notes.recv().text() == b"hello");

    // The group's copies: main's alone, or each thread's.
    let every = Notes::watch_every_thread(["group"]).unwrap();
    let waiting = thread::spawn(move || thread::park_timeout(20 * STEP));
    thread::sleep(STEP / 2);
    note::post_group(me, b"group").unwrap();
    let mut pids = vec![every.recv().pid()];
    while let Some(note) = every.recv_timeout(STEP) {
        pids.push(note.pid());
    }
    // The poster is left out: this thread is main.
    println!("group {} {}", pids.len() >= 2, !pids.contains(&me));
    waiting.thread().unpark();
    waiting.join().unwrap();

    // A program's own alarm stays its own, and a timeout is none of its business.
    note::alarm(Some(STEP)).unwrap();
    let (mut near, mut far) = pair();
    near.set_read_timeout(Some(3 * STEP)).unwrap();
    let start = Instant::now();
    println!("timed {:?}", near.read(&mut [0]).unwrap_err().kind());
    let took = start.elapsed();
    println!("in time {}", took >= 3 * STEP && took < 20 * STEP);
    println!("alarm {:?}", notes.try_recv().map(|note| note.text() == b"alarm"));
    println!("left {:?}", note::alarm(None).unwrap());

    // Under the flood that follows some may be, where the program gets no processor for long.
    println!("lost {}", note::lost());

    // Notes at a high rate, forgotten: they neither end nor stretch anything.
    let _ignored = note::ignore(["pest"]).unwrap();
    let stop = pester(me, b"pest");
    let start = Instant::now();
    println!("timed {:?}", near.read(&mut [0]).unwrap_err().kind());
    let took = start.elapsed();
    println!("in time {}", took >= 3 * STEP && took < 20 * STEP);
    let start = Instant::now();
    thread::sleep(STEP);
    println!("slept {}", start.elapsed() >= STEP && start.elapsed() < 20 * STEP);
    let pair = (Mutex::new(()), Condvar::new());
    let start = Instant::now();
    let (_held, timeout) =
        pair.1.wait_timeout_while(pair.0.lock().unwrap(), STEP, |()| true).unwrap();
    println!("waited {} {}", timeout.timed_out(), start.elapsed() >= STEP);
    let start = Instant::now();
    let late = thread::spawn(move || {
        thread::sleep(STEP);
        far.write_all(b"data").unwrap();
        far
    });
    near.set_read_timeout(None).unwrap();
    println!("untimed {:?} {}", near.read(&mut [0; 8]), start.elapsed() >= STEP);
    let _far = late.join().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let caller = thread::spawn(move || {
        thread::sleep(STEP);
        TcpStream::connect(address).unwrap()
    });
    println!("accepted {}", listener.accept().is_ok());
    drop(caller.join().unwrap());
    println!("many {}", stop() > 10);

    // A text that nobody watches.
    println!("{:?}", note::post(0x7FFF_FFFF, b"x").unwrap_err().kind() == ErrorKind::NotFound);
    note::post(me, b"the end").unwrap();
    thread::sleep(10 * STEP);
    println!("not reached");
}
