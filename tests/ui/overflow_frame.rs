//! A frame that is larger than the stack is found out before it is touched: nothing below it is written to.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Builder;

static TOUCHED: AtomicBool = AtomicBool::new(false);

#[inline(never)]
fn large() -> u8 {
    let frame = black_box([1u8; 30 << 20]);
    TOUCHED.store(true, Ordering::Relaxed);
    println!("touched");
    frame[5]
}

fn main() {
    println!("before");
    let thread = Builder::new().name("large".into()).spawn(large).unwrap();
    let _ = thread.join();
    println!("not reached, {}", TOUCHED.load(Ordering::Relaxed));
}
