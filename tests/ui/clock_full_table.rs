//! The first look at the clock, with no descriptor free: time goes on from there when there are some again, and when the
//! program has closed the clock's own.

use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

const WAIT: Duration = Duration::from_millis(30);
/// More than any wait here takes, and less than the age of any machine's clock.
const LONG: Duration = Duration::from_secs(600);

/// A wait on the clock that `start` was read from.
fn passes(what: &str, start: Instant) {
    let before = Instant::now();
    thread::sleep(WAIT);
    let now = Instant::now();
    println!("{what}: goes on {}, in steps {}", start <= before, now - before >= WAIT);
    println!("{what}: no leap {}", now.checked_duration_since(start).is_some_and(|d| d < LONG));
}

fn main() {
    let null = File::open("/dev/null").unwrap();
    let mut full = Vec::new();
    while let Ok(file) = null.try_clone() {
        full.push(file);
    }
    let start = Instant::now();
    passes("full", start);
    drop(full);
    passes("free", start);
    // As programs do that close what they do not know.
    let last = null.as_raw_fd();
    for fd in last + 1..last + 20 {
        // SAFETY: nothing else of this program has opened any.
        drop(unsafe { OwnedFd::from_raw_fd(fd) });
    }
    passes("closed", start);
}
