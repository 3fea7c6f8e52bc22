//! A program that was started without some of the first three descriptors: what it opens does not become one of them.

use std::fs::{self, File};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::Command;
use std::{env, process};

fn main() {
    let name = format!("/tmp/closed_streams.{}", process::id());
    if env::args().any(|arg| arg == "child") {
        let file = File::create(&name).unwrap();
        assert!(file.as_raw_fd() > 2, "a file is descriptor {}", file.as_raw_fd());
        eprintln!("said to nobody");
        assert_eq!(fs::read(&name).unwrap(), b"");
        fs::remove_file(&name).unwrap();
        process::exit(7)
    }
    for fd in [0, 2] {
        // SAFETY: nothing else closes it, and std takes a stream that is not there for a sink.
        drop(unsafe { OwnedFd::from_raw_fd(fd) });
    }
    println!("{}", Command::new(env::current_exe().unwrap()).arg("child").status().unwrap());
}
