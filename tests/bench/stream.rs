//! 64 KiB after 64 KiB over TCP: what a timeout costs where data flows.
//!
//! `stream BLOCKS BURSTS KIND...`: a burst is [`PIECES`] writes and one byte back, its sample the time of the whole.
//! Kinds: `untimed`; `timed`, both timeouts of both ends set.

mod shared;

use shared::{OrFail, Samples, failed, number, pair, set_timeouts, words};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::{self, JoinHandle};
use std::time::Instant;

const PIECE: usize = 64 << 10;
const PIECES: usize = 16;
const BURST: usize = PIECE * PIECES;

struct Flow {
    label: String,
    near: TcpStream,
    reading: JoinHandle<u64>,
}

fn main() {
    let (blocks, bursts): (u64, u64) = (number(1), number(2));
    let mut flows: Vec<Flow> = words(3).into_iter().map(start).collect();
    let mut samples = Samples::with_room(bursts as usize);
    let piece = vec![b'w'; PIECE];
    for _ in 0..blocks {
        for flow in &mut flows {
            for _ in 0..bursts {
                let start = Instant::now();
                for _ in 0..PIECES {
                    flow.near.write_all(&piece).or_fail("write");
                }
                flow.near.read_exact(&mut [0]).or_fail("read");
                samples.add(&flow.label, start.elapsed().as_nanos() as i64);
            }
            samples.print();
        }
    }
    let sent = blocks * bursts * BURST as u64;
    for flow in flows {
        drop(flow.near);
        let read = flow.reading.join().unwrap_or_else(|_| failed("the reading thread died"));
        if read != sent {
            failed(format_args!("{sent} bytes were sent and {read} read"));
        }
    }
}

fn start(label: String) -> Flow {
    let (near, far) = pair();
    match label.as_str() {
        "untimed" => {}
        "timed" => {
            set_timeouts(&near);
            set_timeouts(&far);
        }
        other => failed(format_args!("there is no kind {other}")),
    }
    Flow { label, near, reading: thread::spawn(move || read(far)) }
}

/// Reads until the other end is gone and answers each burst; says how many bytes came.
fn read(mut far: TcpStream) -> u64 {
    let mut buffer = vec![0; PIECE];
    let (mut all, mut answered) = (0, 0);
    loop {
        match far.read(&mut buffer).or_fail("read of the reading thread") {
            0 => return all,
            n => all += n as u64,
        }
        while all - answered >= BURST as u64 {
            answered += BURST as u64;
            far.write_all(b"r").or_fail("write of the reading thread");
        }
    }
}
