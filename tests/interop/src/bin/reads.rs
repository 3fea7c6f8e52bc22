//! Read timeouts: a peer that says nothing until it is asked, and one that trickles.

use interop::{byte_at, dial, is_timeout, times_out};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

fn main() {
    let mut silent = dial(1);
    let mut worst = Duration::ZERO;
    let mut buffer = [0; 64];
    for micros in [1, 500, 1_000, 5_000, 20_000, 20_000, 20_000, 100_000, 250_000] {
        let timeout = Duration::from_micros(micros);
        silent.set_read_timeout(Some(timeout)).unwrap();
        worst = worst.max(times_out(timeout, || silent.read(&mut buffer)));
    }
    assert!(worst < Duration::from_secs(1), "{worst:?} late");
    silent.write_all(b"?").unwrap();
    silent.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(silent.read(&mut buffer).unwrap(), 1);
    println!("silent: no timeout early, then a byte");

    let count = argument_bytes();
    let mut trickle = dial(2);
    let timeout = Duration::from_millis(3);
    trickle.set_read_timeout(Some(timeout)).unwrap();
    let (mut place, mut expired) = (0, 0);
    while place < count {
        let start = Instant::now();
        match trickle.read(&mut buffer) {
            Ok(n) => {
                assert!(n > 0, "the stream ended after {place}");
                for &byte in &buffer[..n] {
                    assert_eq!(byte, byte_at(place), "at {place}");
                    place += 1;
                }
            }
            Err(why) if is_timeout(&why) => {
                assert!(start.elapsed() >= timeout, "early: {:?}", start.elapsed());
                expired += 1;
            }
            Err(why) => panic!("{why}"),
        }
    }
    println!("trickle: {place} bytes once and in order");
    assert!(expired >= count / 4, "{expired} timeouts only");
}

fn argument_bytes() -> u64 {
    interop::argument(3)
}
