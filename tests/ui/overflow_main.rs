//! Main's recursion without end, and without a call that could find it out, ends at the hole below its stack, by the
//! kernel's hand and with the kernel's words: a note handler would have no stack to run on.

use std::hint::black_box;

#[inline(never)]
fn deeper(n: u64) -> u64 {
    if black_box(n) == u64::MAX { 0 } else { deeper(n + 1) + n }
}

fn main() {
    println!("before");
    println!("not reached {}", deeper(0));
}
