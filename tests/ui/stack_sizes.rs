//! A thread can use the stack that it asked for, whatever else runs; what lies there is its own.

use std::hint::black_box;
use std::thread::Builder;

/// Frames of a page and more, down to `used` bytes below `top`; each is looked at again on the way back.
#[inline(never)]
fn descend(top: usize, used: usize, depth: u64) -> u64 {
    let frame = black_box([depth; 600]);
    let allocated = Box::new(depth);
    let here = (&raw const frame).addr();
    let below = if top - here < used { descend(top, used, depth + 1) } else { 0 };
    assert!(black_box(&frame).iter().all(|&word| word == depth));
    below + u64::from(*allocated == depth)
}

/// How many frames there are in that many bytes.
fn frames(used: usize) -> u64 {
    let here = 0;
    descend((&raw const here).addr(), used, 0)
}

fn main() {
    let mut threads = Vec::new();
    for _ in 0..3 {
        for kib in [128, 512, 2048, 3000, 32 << 10] {
            let stack = kib << 10;
            let run = move || assert!(frames(stack - (40 << 10)) > 5);
            threads.push(Builder::new().stack_size(stack).spawn(run).unwrap());
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(frames(7 << 20) > 500);
    println!("used");
}
