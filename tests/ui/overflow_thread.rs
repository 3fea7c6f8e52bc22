//! A thread that recurses without end, and without a call that could find it out, goes below all stacks. The kernel ends
//! its proc alone, without a note; who waits for it finds that out, and ends the program.

use std::hint::black_box;
use std::thread::Builder;

#[inline(never)]
fn deeper(n: u64) -> u64 {
    if black_box(n) == u64::MAX { 0 } else { deeper(n + 1) + n }
}

fn main() {
    println!("before");
    let thread = Builder::new().name("deep".into()).spawn(|| deeper(0)).unwrap();
    let _ = thread.join();
    println!("not reached");
}
