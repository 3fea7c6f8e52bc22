//! The user `none`, as whom services are run, opens no other proc's files, and no other thread's: its programs end whole
//! all the same, with their status.

#[path = "parts/whole.rs"]
mod whole;

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::process::{self, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn main() {
    match env::args().nth(1).as_deref() {
        Some(who @ ("main" | "thread")) => end(who == "main"),
        _ => parent(),
    }
}

fn pid() -> String {
    fs::read_to_string("/dev/pid").unwrap().trim().into()
}

fn end(by_main: bool) -> ! {
    fs::write("/dev/user", "none").unwrap();
    let (told, tell) = mpsc::channel();
    let waiting: Vec<_> = (0..4)
        .map(|_| {
            let told = told.clone();
            thread::spawn(move || {
                told.send(pid()).unwrap();
                thread::sleep(Duration::MAX);
            })
        })
        .collect();
    let ender = move || {
        let refused = fs::write(format!("/proc/{}/ctl", tell.recv().unwrap()), "nothing");
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::PermissionDenied);
        process::exit(7)
    };
    if by_main {
        ender()
    }
    thread::spawn(ender);
    for thread in waiting {
        thread.join().unwrap();
    }
    unreachable!()
}

fn parent() {
    for who in ["main", "thread"] {
        let mut child = Command::new(env::current_exe().unwrap())
            .arg(who)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        assert!(whole::is_over(child.stdout.take().unwrap()), "{who}: a thread is left");
        println!("by {who}: {}", child.wait().unwrap());
    }
}
