//! A trap in a thread: the kernel's text, the thread's name, and where it was; then the program's end by it.

use std::hint::black_box;
use std::thread;

#[inline(never)]
fn innermost(place: *const u32) -> u32 {
    // SAFETY: none; that is the test.
    unsafe { place.read_volatile() }
}

#[inline(never)]
fn outer() -> u32 {
    black_box(innermost(black_box(16 as *const u32))) + 1
}

fn main() {
    println!("before");
    let thread = thread::Builder::new().name("worker".into()).spawn(outer).unwrap();
    let _ = thread.join();
    println!("not reached");
}
