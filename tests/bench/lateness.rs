//! How late a read timeout is: reads that nobody answers.
//!
//! `lateness MILLISECONDS COUNT ...`: pairs. The label is the timeout, the sample how long after it the read came back;
//! below 0 it came early.

mod shared;

use shared::{OrFail, Samples, failed, number, pair, words};
use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

fn main() {
    let (mut near, _far) = pair();
    for place in (1..=words(1).len()).step_by(2) {
        let (milliseconds, count): (u64, usize) = (number(place), number(place + 1));
        let label = format!("{milliseconds}ms");
        let timeout = Duration::from_millis(milliseconds);
        near.set_read_timeout(Some(timeout)).or_fail("set_read_timeout");
        let mut samples = Samples::with_room(count);
        for _ in 0..count {
            let start = Instant::now();
            let result = near.read(&mut [0]);
            let took = start.elapsed();
            match result {
                Err(why) if why.kind() == ErrorKind::TimedOut => {}
                other => failed(format_args!("a read that nobody answers ended with {other:?}")),
            }
            samples.add(&label, took.as_nanos() as i64 - timeout.as_nanos() as i64);
        }
        samples.print();
    }
}
