//! Fifteen hundred threads at once, each a proc with a stack, a name and a thread-local of its own.

use std::cell::Cell;
use std::sync::Barrier;
use std::thread::{self, Builder};

const THREADS: u64 = 1500;

thread_local! {
    static MINE: Cell<u64> = const { Cell::new(0) };
}

fn main() {
    let all = Barrier::new(THREADS as usize);
    let sum: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|n| {
                let run = || {
                    let name: u64 = thread::current().name().unwrap().parse().unwrap();
                    MINE.set(name);
                    let leads = all.wait().is_leader();
                    assert_eq!(MINE.get(), name);
                    name + if leads { 1_000_000_000 } else { 0 }
                };
                Builder::new().name(n.to_string()).spawn_scoped(scope, run).unwrap()
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    // One of them leads.
    println!("{}", sum == 1_000_000_000 + THREADS * (THREADS - 1) / 2);
}
