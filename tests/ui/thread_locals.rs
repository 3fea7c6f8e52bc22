//! Thread locals are each thread's own, and their destructors run at its end.

use std::cell::Cell;

struct Told(Cell<u32>);

impl Drop for Told {
    fn drop(&mut self) {
        println!("{} at the end", self.0.get());
    }
}

thread_local! {
    static TOLD: Told = const { Told(Cell::new(1)) };
    static PLAIN: Cell<u64> = const { Cell::new(7) };
}

fn main() {
    PLAIN.set(8);
    std::thread::spawn(|| {
        TOLD.with(|told| told.0.set(2));
        println!("thread {}", PLAIN.get());
    })
    .join()
    .unwrap();
    println!("main {}", PLAIN.get());
    TOLD.with(|told| told.0.set(3));
}
