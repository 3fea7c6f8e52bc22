//! Many threads, each blocked in a read with a deadline of its own: what the one deadline thread costs them.
//!
//! `threads COUNT ROUNDS`: thread `i` waits `COUNT + i` milliseconds in each round, so deadlines pass at about the same
//! rate however many threads there are. The sample is how late; below 0 it was early. Each reads one end of a
//! conversation, for the kernel has 1,024 ends. One sample more is the program's memory when all wait, in bytes.

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
    let gate = Arc::new(Barrier::new(count + 1));
    let mut ends = Vec::new();
    while ends.len() < count {
        ends.extend(<[TcpStream; 2]>::from(pair()));
    }
    let spare = ends.split_off(count);
    let threads: Vec<_> = ends
        .into_iter()
        .enumerate()
        .map(|(place, end)| {
            let gate = gate.clone();
            let timeout = Duration::from_millis((count + place) as u64);
            let builder = thread::Builder::new().stack_size(STACK);
            builder.spawn(move || wait(end, timeout, rounds, &gate)).or_fail("a thread")
        })
        .collect();
    gate.wait();
    let memory = memory();
    // An end stays open until the thread at the other has read for the last time.
    let ended: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
    drop(spare);
    let mut samples = Samples::with_room(count * rounds);
    for thread in ended {
        let (_, late) = thread.unwrap_or_else(|_| failed("a thread died"));
        late.into_iter().for_each(|late| samples.add("late", late));
    }
    samples.add("memory", memory);
    samples.print();
}

/// The bytes of the pages that this program has, by the tenth word of its status (man 3/proc).
fn memory() -> i64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", std::process::id()));
    let kilobytes = status.or_fail("status").split_whitespace().nth(9).and_then(|n| n.parse().ok());
    kilobytes.map_or_else(|| failed("status has no size"), |kilobytes: i64| kilobytes << 10)
}

/// The end, and how late each read was, in nanoseconds.
fn wait(
    mut end: TcpStream,
    timeout: Duration,
    rounds: usize,
    gate: &Barrier,
) -> (TcpStream, Vec<i64>) {
    let mut late = Vec::with_capacity(rounds);
    end.set_read_timeout(Some(timeout)).or_fail("set_read_timeout");
    gate.wait();
    for _ in 0..rounds {
        let start = Instant::now();
        let result = end.read(&mut [0]);
        let took = start.elapsed();
        match result {
            Err(why) if why.kind() == ErrorKind::TimedOut => {}
            other => failed(format_args!("a read that nobody answers ended with {other:?}")),
        }
        late.push(took.as_nanos() as i64 - timeout.as_nanos() as i64);
    }
    (end, late)
}
