//! A thread that recurses without end destroys the stacks below its own. Whoever is found in trouble by it, it is the one
//! that is told of.

//!
//! The stacks are destroyed while nobody runs on them: a note that came to a thread meanwhile would find its frame, on the
//! same stack, destroyed as well, and the kernel then ends that thread alone (`suicide: trap in noted`).

use std::fs;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::sync::Barrier;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, Builder};
use std::time::Duration;

const NEIGHBOURS: usize = 3;
const LOOK: Duration = Duration::from_millis(20);

#[inline(never)]
fn deeper(n: u64) -> u64 {
    if black_box(n) == u64::MAX { 0 } else { deeper(n + 1) + n }
}

fn tell_proc(to: &Sender<String>) {
    to.send(fs::read_to_string("/dev/pid").unwrap().trim().to_string()).unwrap();
}

/// What a proc does, as /proc says it; nothing if there is none.
fn doing(pid: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.split_whitespace().nth(2).unwrap_or_default().to_string()
}

fn main() {
    println!("before");
    let all = Barrier::new(2);
    let (gate, mut open) = io::pipe().unwrap();
    let (told, tell) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..NEIGHBOURS {
            let (told, mut gate) = (told.clone(), &gate);
            // Blocked, and woken when its stack is no more.
            scope.spawn(move || (tell_proc(&told), gate.read(&mut [0])));
        }
        let neighbours: Vec<String> = tell.iter().take(NEIGHBOURS).collect();
        let (told, all) = (told.clone(), &all);
        let run = move || {
            tell_proc(&told);
            all.wait();
            deeper(0)
        };
        Builder::new().name("deep".into()).spawn_scoped(scope, run).unwrap();
        let deep = tell.recv().unwrap();
        for neighbour in neighbours {
            while !doing(&neighbour).starts_with("Pread") {
                thread::sleep(LOOK);
            }
        }
        all.wait();
        // A proc that a trap has ended can stay, for a debugger.
        while !matches!(doing(&deep).as_str(), "" | "Broken") {
            thread::sleep(LOOK);
        }
        // One of them: it finds frames of the deep thread's where its own were, and returns through all of them. Several
        // would do so on the same stack at a time.
        open.write_all(b"1").unwrap();
    });
    println!("not reached");
}
