//! A thread that goes far below its stack by small frames alone, and comes back, has destroyed
//! nobody's: the unused addresses below the stacks of the first threads are 64 MiB each.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;

/// Addresses below its stack that the thread goes to, in bytes.
const DEEP: usize = 40 << 20;

/// Small frames, without a call that could find it out.
#[inline(never)]
fn deeper(top: usize) -> usize {
    let frame = black_box([top; 20]);
    let here = (&raw const frame).addr();
    if top - here < DEEP { deeper(top) + black_box(frame[7]) - top } else { top }
}

fn main() {
    let (begun, over) = (Barrier::new(4), Barrier::new(4));
    let (begun, over) = (&begun, &over);
    let whole = thread::scope(|scope| {
        // Older threads: their stacks lie below.
        let neighbours: Vec<_> = (0..3)
            .map(|n| {
                scope.spawn(move || {
                    let kept = black_box([n; 4000]);
                    begun.wait();
                    over.wait();
                    kept.iter().all(|&word| word == n)
                })
            })
            .collect();
        scope.spawn(move || {
            begun.wait();
            let top = 0;
            let top = (&raw const top).addr();
            assert_eq!(deeper(top), top);
            over.wait();
        });
        neighbours.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<bool>>()
    });
    println!("{whole:?}");
}
