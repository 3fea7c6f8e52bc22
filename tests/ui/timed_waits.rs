//! Timed waits of threads that are woken about when their time is over: none ends early, each wake is taken once, and
//! nothing is left over that would end the next wait.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: u64 = 400;

/// Microseconds from 0 to 2,999, the same in every run.
fn delay(round: u64) -> Duration {
    Duration::from_micros(round.wrapping_mul(2_654_435_761) % 3_000)
}

/// A wait that is ended by its time alone.
fn undisturbed() {
    let wait = Duration::from_millis(1);
    let (_sender, receiver) = channel::<()>();
    let start = Instant::now();
    assert_eq!(receiver.recv_timeout(wait), Err(RecvTimeoutError::Timeout));
    assert!(start.elapsed() >= wait, "a wait was ended by what was left over");
}

/// Numbers sent at times near the deadlines of who waits for them.
fn channels() {
    let (sender, receiver) = channel();
    let sending = thread::spawn(move || {
        for round in 0..ROUNDS {
            thread::sleep(delay(round));
            sender.send(round).unwrap();
        }
    });
    let (mut next, mut waits) = (0, 0);
    while next < ROUNDS {
        waits += 1;
        let (start, wait) = (Instant::now(), delay(waits + 7));
        match receiver.recv_timeout(wait) {
            Ok(number) => {
                assert_eq!(number, next);
                next += 1;
            }
            Err(why) => {
                assert_eq!(why, RecvTimeoutError::Timeout);
                assert!(start.elapsed() >= wait, "a wait of {wait:?} took {:?}", start.elapsed());
            }
        }
        if waits % 16 == 0 {
            undisturbed();
        }
    }
    sending.join().unwrap();
}

/// Several threads that wait for one condition, and one that wakes one of them at a time.
fn conditions() {
    let (count, changed, over) = (Mutex::new(0), Condvar::new(), AtomicBool::new(false));
    let taken: u64 = thread::scope(|scope| {
        let waiters: Vec<_> = (0..3)
            .map(|first| {
                let (count, changed, over) = (&count, &changed, &over);
                scope.spawn(move || {
                    let (mut taken, mut round) = (0, first * 1000);
                    while !over.load(Ordering::SeqCst) {
                        round += 1;
                        let (start, wait) = (Instant::now(), delay(round));
                        let guard = count.lock().unwrap();
                        let waited = changed.wait_timeout_while(guard, wait, |count| *count == 0);
                        let (mut count, result) = waited.unwrap();
                        if result.timed_out() {
                            assert!(start.elapsed() >= wait, "{wait:?}: {:?}", start.elapsed());
                        } else {
                            *count -= 1;
                            taken += 1;
                        }
                        drop(count);
                        if round % 64 == 0 {
                            undisturbed();
                        }
                    }
                    taken
                })
            })
            .collect();
        for round in 0..ROUNDS {
            thread::sleep(delay(round));
            *count.lock().unwrap() += 1;
            changed.notify_one();
        }
        while *count.lock().unwrap() > 0 {
            thread::sleep(Duration::from_millis(1));
        }
        over.store(true, Ordering::SeqCst);
        waiters.into_iter().map(|waiter| waiter.join().unwrap()).sum()
    });
    assert_eq!(taken, ROUNDS);
}

/// Threads that are parked and woken.
fn parks() {
    let woken = AtomicBool::new(false);
    let main = thread::current();
    for round in 0..ROUNDS / 4 {
        woken.store(false, Ordering::SeqCst);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(delay(round));
                woken.store(true, Ordering::SeqCst);
                main.unpark();
            });
            while !woken.load(Ordering::SeqCst) {
                thread::park_timeout(delay(round + 3));
            }
        });
        undisturbed();
    }
}

fn main() {
    channels();
    println!("channels");
    conditions();
    println!("conditions");
    parks();
    println!("parks");
}
