//! A thread that recurses without end is found out at an allocation, before it has destroyed anything.

use std::hint::black_box;
use std::thread::Builder;

#[inline(never)]
fn deeper(n: u64) -> u64 {
    let kept = black_box(Box::new(n));
    if n == u64::MAX { 0 } else { deeper(n + 1) + *kept }
}

fn main() {
    println!("before");
    let thread = Builder::new().name("deep".into()).stack_size(256 << 10).spawn(|| deeper(0));
    let _ = thread.unwrap().join();
    println!("not reached");
}
