//! A thread that recurses without end destroys the stacks below its own. Whoever is found in trouble by it, it is the one
//! that is told of.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread::{self, Builder};
use std::time::Duration;

#[inline(never)]
fn deeper(n: u64) -> u64 {
    if black_box(n) == u64::MAX { 0 } else { deeper(n + 1) + n }
}

fn main() {
    println!("before");
    let (all, again) = (Barrier::new(4), Barrier::new(4));
    thread::scope(|scope| {
        for _ in 0..3 {
            // Blocked, and woken when its stack is no more.
            scope.spawn(|| (all.wait(), thread::sleep(Duration::from_millis(700)), again.wait()));
        }
        let run = || (all.wait(), deeper(0));
        Builder::new().name("deep".into()).spawn_scoped(scope, run).unwrap();
    });
    println!("not reached");
}
