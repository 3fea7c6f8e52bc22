//! Whether a program that has ended has left a thread behind, which would hold its files open.

use std::io::Read;
use std::process::ChildStdout;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Waits for the end of what a program writes, for ten seconds; false if somebody still has it open.
pub fn is_over(mut out: ChildStdout) -> bool {
    let (told, tell) = mpsc::channel();
    thread::spawn(move || told.send(out.read(&mut [0]).unwrap()).unwrap());
    tell.recv_timeout(Duration::from_secs(10)) == Ok(0)
}
