//! A program that was started without some of the first three descriptors: what it opens does not become one of them. To
//! one that has them the wrong way round, they are sinks and empty as well.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::Command;
use std::{env, process};

fn main() {
    let name = format!("/tmp/closed_streams.{}", process::id());
    if env::args().any(|arg| arg == "wrong way") {
        println!("said to a file that is open for reading");
        print!("and once more");
        std::io::stdout().flush().unwrap();
        eprintln!("here too");
        let mut line = String::new();
        assert_eq!(std::io::stdin().read_line(&mut line).unwrap(), 0);
        process::exit(8)
    }
    if env::args().any(|arg| arg == "child") {
        let file = File::create(&name).unwrap();
        assert!(file.as_raw_fd() > 2, "a file is descriptor {}", file.as_raw_fd());
        eprintln!("said to nobody");
        assert_eq!(fs::read(&name).unwrap(), b"");
        fs::remove_file(&name).unwrap();
        process::exit(7)
    }
    let null = || File::open("/dev/null").unwrap();
    let mut child = Command::new(env::current_exe().unwrap());
    child.arg("wrong way").stdin(File::create("/dev/null").unwrap()).stdout(null()).stderr(null());
    println!("{}", child.status().unwrap());
    for fd in [0, 2] {
        // SAFETY: nothing else closes it, and std takes a stream that is not there for a sink.
        drop(unsafe { OwnedFd::from_raw_fd(fd) });
    }
    println!("{}", Command::new(env::current_exe().unwrap()).arg("child").status().unwrap());
}
