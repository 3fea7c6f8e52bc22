//! `Child::kill` ends a program whole, however many procs it has, and one that has another use for the note `kill` too.

use std::env;
use std::io::{Read, stdin};
use std::os::plan9::note;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

fn main() {
    match env::args().nth(1).as_deref() {
        Some("threads") => child(false),
        Some("deaf") => {
            let _ignored = note::ignore([""]).unwrap();
            child(true)
        }
        _ => parent(),
    }
}

fn child(alone: bool) -> ! {
    if !alone {
        thread::spawn(|| stdin().read(&mut [0]));
    }
    print!("!");
    std::io::Write::flush(&mut std::io::stdout()).unwrap();
    loop {
        thread::sleep(Duration::from_secs(1));
    }
}

fn parent() {
    for kind in ["threads", "deaf"] {
        let mut child = Command::new(env::current_exe().unwrap())
            .arg(kind)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // What reads from it would end, should it be closed.
        let input = child.stdin.take();
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0]).unwrap();
        child.kill().unwrap();
        let status = child.wait().unwrap();
        println!("{kind}: {status}, {:?}", status.code());
        if kind == "threads" {
            let (told, tell) = mpsc::channel();
            thread::spawn(move || told.send(out.read(&mut [0]).unwrap()).unwrap());
            println!("a thread is left: {}", tell.recv_timeout(Duration::from_secs(5)).is_err());
        }
        drop(input);
    }
}
