//! A program ends whole although no descriptor is free: the kernel's files by which the other
//! threads are ended must be opened. Whoever waits for a file that those threads hold sees its end.

use std::env;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::Duration;

fn main() {
    match env::args().nth(1).as_deref() {
        Some(how @ ("main" | "thread" | "abort" | "trap")) => return end(how),
        _ => {}
    }
    for how in ["main", "thread", "abort", "trap"] {
        let mut child = Command::new(env::current_exe().unwrap())
            .arg(how)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = String::new();
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        let status = child.wait().unwrap().to_string();
        println!("{how}: {said:?}, {}", status.split(" pc=").next().unwrap());
    }
}

/// Ends with all descriptors in use, while other threads hold standard output.
fn end(how: &str) {
    for _ in 0..3 {
        thread::spawn(|| {
            loop {
                thread::sleep(Duration::from_secs(1));
            }
        });
    }
    std::io::stdout().write_all(b"full\n").unwrap();
    let null = File::open("/dev/null").unwrap();
    let mut all = Vec::new();
    while let Ok(one) = null.as_fd().try_clone_to_owned() {
        all.push(one);
    }
    assert!(all.len() > 1000);
    match how {
        "main" => process::exit(3),
        "thread" => thread::spawn(|| process::exit(3)).join().unwrap(),
        "abort" => process::abort(),
        // SAFETY: none: the fault is what is tested.
        _ => unsafe { std::ptr::without_provenance_mut::<u8>(16).write_volatile(1) },
    }
}
