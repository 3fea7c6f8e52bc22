//! Many threads, each blocked in a read with a deadline of its own: what the one deadline thread costs them.
//!
//! `threads COUNT ROUNDS`: thread `i` waits `COUNT + i` milliseconds in each round, so deadlines pass at about the same
//! rate however many threads there are. The sample is how late; below 0 it was early.

mod shared;

use shared::{OrFail, Samples, failed, number, pair};
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

/// In bytes.
const STACK: usize = 64 << 10;

fn main() {
    let (count, rounds): (usize, usize) = (number(1), number(2));
    let gate = Arc::new(Barrier::new(count));
    let mut far_ends = Vec::new();
    let threads: Vec<_> = (0..count)
        .map(|place| {
            let (near, far) = pair();
            far_ends.push(far);
            let gate = gate.clone();
            let timeout = Duration::from_millis((count + place) as u64);
            let builder = thread::Builder::new().stack_size(STACK);
            builder.spawn(move || wait(near, timeout, rounds, &gate)).or_fail("a thread")
        })
        .collect();
    let mut samples = Samples::with_room(count * rounds);
    for thread in threads {
        for late in thread.join().unwrap_or_else(|_| failed("a thread died")) {
            samples.add("late", late);
        }
    }
    samples.print();
}

fn wait(mut near: TcpStream, timeout: Duration, rounds: usize, gate: &Barrier) -> Vec<i64> {
    let mut late = Vec::with_capacity(rounds);
    near.set_read_timeout(Some(timeout)).or_fail("set_read_timeout");
    gate.wait();
    for _ in 0..rounds {
        let start = Instant::now();
        let result = near.read(&mut [0]);
        let took = start.elapsed();
        match result {
            Err(why) if why.kind() == ErrorKind::TimedOut => {}
            other => failed(format_args!("a read that nobody answers ended with {other:?}")),
        }
        late.push(took.as_nanos() as i64 - timeout.as_nanos() as i64);
    }
    late
}
