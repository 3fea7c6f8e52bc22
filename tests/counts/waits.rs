//! So many rounds of two threads that wake each other, with or without a bound to their waits: its system calls are
//! counted from outside. The milliseconds that the rounds took are printed.

use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Waits for the other's call, as long as it takes.
fn wait(bound: Option<Duration>) {
    match bound {
        Some(bound) => thread::park_timeout(bound),
        None => thread::park(),
    }
}

/// One side: wakes the other and waits, or the other way round. A wait may end without a wake, so a turn is counted by
/// the word that both share.
fn play(
    turn: &std::sync::atomic::AtomicU32,
    mine: u32,
    other: &Thread,
    rounds: u32,
    bound: Option<Duration>,
) {
    use std::sync::atomic::Ordering::SeqCst;
    for round in 0..rounds {
        while turn.load(SeqCst) != 2 * round + mine {
            wait(bound);
        }
        turn.store(2 * round + mine + 1, SeqCst);
        other.unpark();
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let kind = args.next();
    let rounds: u32 = args.next().and_then(|text| text.parse().ok()).expect("a number of rounds");
    let bound = match kind.as_deref() {
        Some("forever") => None,
        Some("long") => Some(Duration::from_secs(50)),
        Some("short") => Some(Duration::from_millis(15)),
        _ => panic!("forever, long or short"),
    };
    // The deadline thread is there from the start, so that what it costs is not counted.
    thread::park_timeout(Duration::from_millis(1));
    let turn = std::sync::atomic::AtomicU32::new(0);
    let main = thread::current();
    let start = Instant::now();
    thread::scope(|scope| {
        let other = scope.spawn(|| play(&turn, 1, &main, rounds, bound));
        play(&turn, 0, other.thread(), rounds, bound);
    });
    println!("{}", start.elapsed().as_millis());
}
