//! `process::id` is one number in all threads, and it is the one by which the parent knows the program.

use std::env;
use std::process::{self, Command};
use std::thread;

fn main() {
    if env::args().nth(1).as_deref() == Some("child") {
        let of_thread = thread::spawn(process::id).join().unwrap();
        print!("{} {of_thread}", process::id());
        return;
    }
    let own = process::id();
    let others: Vec<_> = (0..4).map(|_| thread::spawn(process::id)).collect();
    println!("{}", others.into_iter().all(|other| other.join().unwrap() == own));
    // A thread that outlives its parent thread as well.
    let later = thread::spawn(|| thread::spawn(process::id)).join().unwrap();
    println!("{}", later.join().unwrap() == own);

    let mut child = Command::new(env::current_exe().unwrap());
    let child = child.arg("child").stdout(process::Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let said = child.wait_with_output().unwrap().stdout;
    println!("{}", String::from_utf8(said).unwrap() == format!("{id} {id}"));
}
