//! A program ends whole, however many notes come to the thread that ends it: none is left that keeps the program's files
//! open, and the status is the one that was given.

#[path = "parts/whole.rs"]
mod whole;

use std::env;
use std::os::plan9::note;
use std::process::{self, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const THREADS: usize = 20;

fn main() {
    match env::args().nth(1).as_deref() {
        Some(who @ ("main" | "thread")) => end(who == "main"),
        _ => parent(),
    }
}

/// Ends while another thread posts note after note to the one that does.
fn end(by_main: bool) -> ! {
    let _ignored = note::ignore(["pest"]).unwrap();
    // The first that is started is the last to be killed.
    let (told, tell) = mpsc::channel();
    thread::spawn(move || {
        let pid: u32 = tell.recv().unwrap();
        loop {
            let _ = note::post(pid, b"pest");
        }
    });
    for _ in 0..THREADS {
        thread::spawn(|| {
            loop {
                thread::park();
            }
        });
    }
    let ender = move || {
        let me = std::fs::read_to_string("/dev/pid").unwrap();
        told.send(me.trim().parse().unwrap()).unwrap();
        thread::sleep(Duration::from_millis(20));
        process::exit(7)
    };
    if by_main {
        ender()
    }
    let _ = thread::spawn(ender).join();
    unreachable!()
}

fn parent() {
    for who in ["main", "thread"] {
        for round in 0..2 {
            let mut child = Command::new(env::current_exe().unwrap())
                .arg(who)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let over = whole::is_over(child.stdout.take().unwrap());
            assert!(over, "{who}, round {round}: a thread is left");
            assert_eq!(child.wait().unwrap().code(), Some(7), "{who}, round {round}");
        }
        println!("by {who}: nobody is left");
    }
}
