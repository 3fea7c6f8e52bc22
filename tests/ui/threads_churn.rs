//! Threads that come and go leave nothing behind: stacks, control blocks, thread-locals and results are used again.

use std::cell::RefCell;
use std::hint::black_box;
use std::thread::{self, Builder};

thread_local! {
    static LIST: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// The ends of this program's segments (man 3/proc).
fn segments() -> Vec<String> {
    let text = std::fs::read_to_string(format!("/proc/{}/segment", std::process::id())).unwrap();
    text.lines().map(|line| line.split_whitespace().take(3).collect()).collect()
}

/// What the kernel counts as this program's memory, in KiB (man 3/proc).
fn memory() -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", std::process::id())).unwrap();
    status[68..].split_whitespace().nth(6).unwrap().parse().unwrap()
}

fn round(n: u64) {
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let run = move || {
                LIST.with_borrow_mut(|list| list.extend(0..8000 + n));
                // Deep enough for its memory to go back to the kernel.
                let deep = black_box([n as u8; 200_000]);
                LIST.with_borrow(Vec::len) + usize::from(deep[7])
            };
            Builder::new()
                .name(format!("round {n}"))
                .stack_size((1 + n as usize % 3) << 20)
                .spawn(run)
        })
        .collect();
    for thread in threads {
        let want = (8000 + n + n % 256) as usize;
        assert_eq!(thread.unwrap().join().unwrap(), want);
    }
}

fn main() {
    (0..20).for_each(round);
    let before = segments();
    (0..5).for_each(|_| (0..20).for_each(round));
    println!("nothing grows: {}", segments() == before);
    // One at a time, each takes what the last has left.
    let one = |n| thread::spawn(move || LIST.with_borrow_mut(|list| list.push(n))).join().unwrap();
    (0..20).for_each(one);
    let before = memory();
    (0..600).for_each(one);
    println!("not by a page: {}", memory() <= before + 4);
    let thread = thread::spawn(|| LIST.with_borrow(Vec::len));
    println!("fresh: {}", thread.join().unwrap());
}
