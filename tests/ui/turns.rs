//! Threads that yield again and again get turns alike, the last as the first: nobody waits for ever behind them.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::thread;

const THREADS: usize = 12;
/// The last thread's turns.
const TURNS: u32 = 300;
/// A host that is busy elsewhere may favour one so much.
const ALIKE: u32 = 30;

static STARTED: AtomicU32 = AtomicU32::new(0);
static DONE: AtomicBool = AtomicBool::new(false);

fn main() {
    let threads: Vec<_> = (1..=THREADS).map(|place| thread::spawn(move || turns(place))).collect();
    let turns: Vec<u32> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let most = turns.iter().max().unwrap();
    if *most < ALIKE * TURNS {
        println!("alike");
    } else {
        println!("{turns:?}");
    }
}

/// How often this thread yielded until the last one had had its turns.
fn turns(place: usize) -> u32 {
    STARTED.fetch_add(1, SeqCst);
    while (STARTED.load(SeqCst) as usize) < THREADS {
        thread::yield_now();
    }
    let mut turns = 0;
    while !DONE.load(SeqCst) {
        thread::yield_now();
        turns += 1;
        if place == THREADS && turns == TURNS {
            DONE.store(true, SeqCst);
        }
    }
    turns
}
