//! Writes that time out over and over and are tried again, until a great many bytes have gone: each must arrive once and
//! in order. The peers stall and drain slowly.
//!
//! `exact BYTES TIMEOUTS [PORT...]`: how much each writer sends, and how often each must have timed out at least. With
//! ports the peers are on the host and check what they get; else they are threads of this program, which read on each
//! time that their writer has timed out once more.

use deadline_programs::{pair, panics_end_the_program, timed, timed_out};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::thread;
use std::time::Duration;

/// Writers whose peers are inside the machine.
const WRITERS: usize = 8;
/// The host as a program sees it.
const HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);
const TIMEOUT: Duration = Duration::from_millis(1);
/// More than a writer is ahead of its reader: its transmit queue and the receive window, each 64 KiB shifted by 7.
const QUEUED: u64 = 20 << 20;
/// What a writer offers in one call.
const PIECE: usize = 60_000;

fn main() {
    panics_end_the_program();
    let numbers: Vec<u64> =
        std::env::args().skip(1).map(|text| text.parse().expect("a number")).collect();
    let [bytes, time_outs, ports @ ..] = &numbers[..] else { panic!("BYTES TIMEOUTS [PORT...]") };
    let (bytes, time_outs) = (*bytes, *time_outs);
    let writers: Vec<_> = if ports.is_empty() {
        (0..WRITERS).map(|_| thread::spawn(move || inside(bytes, time_outs))).collect()
    } else {
        let connect = |&port| TcpStream::connect((HOST, port as u16)).expect("a call to the host");
        let streams = ports.iter().map(connect);
        let write = |stream| thread::spawn(move || write(stream, bytes, &AtomicU64::new(0)));
        streams.map(write).collect()
    };
    let count = writers.len() as u64;
    let mut expired = 0;
    for writer in writers {
        let times = writer.join().expect("a writer that ends well");
        assert!(times >= time_outs, "{times} time-outs, not {time_outs}");
        expired += times;
    }
    println!("{} bytes, {expired} timed out", bytes * count);
}

/// Byte number `place` of every stream; the peers on the host know it as well.
fn byte_at(place: u64) -> u8 {
    (place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}

/// Both ends of one conversation; gives how often the writer timed out.
fn inside(bytes: u64, time_outs: u64) -> u64 {
    let (near, far) = pair();
    let expired = AtomicU64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| read(far, bytes, time_outs, &expired));
        write(near, bytes, &expired)
    })
}

/// Sends so many bytes as a program would that goes on after each time-out. What remains in `expired` at the end is
/// the largest number, for the reader not to wait for more.
fn write(mut stream: TcpStream, bytes: u64, expired: &AtomicU64) -> u64 {
    stream.set_write_timeout(Some(TIMEOUT)).expect("a timeout");
    let (mut place, mut times) = (0, 0);
    while place < bytes {
        let end = (place + PIECE as u64).min(bytes);
        let piece: Vec<u8> = (place..end).map(byte_at).collect();
        let mut left = &piece[..];
        while !left.is_empty() {
            let (result, took) = timed(|| stream.write(left));
            if timed_out(&result) {
                assert!(took >= TIMEOUT, "a timeout of {TIMEOUT:?} after {took:?}");
                times += 1;
                expired.store(times, Release);
            } else {
                left = &left[result.unwrap_or_else(|why| panic!("at {place}: {why}"))..];
            }
        }
        place = end;
    }
    expired.store(u64::MAX, Release);
    times
}

/// Reads in as many fits as the writer shall time out, up to what the queues may hold at the end.
fn read(mut stream: TcpStream, bytes: u64, time_outs: u64, expired: &AtomicU64) {
    let fit = bytes.saturating_sub(QUEUED) / time_outs;
    let mut buffer = vec![0; 32 << 10];
    let mut place = 0;
    for seen in 0.. {
        while expired.load(Acquire) <= seen {
            thread::sleep(TIMEOUT);
        }
        let end = (place + fit).min(bytes);
        while place < end {
            let wanted = buffer.len().min((end - place) as usize);
            let n = stream.read(&mut buffer[..wanted]).expect("bytes");
            assert!(n > 0, "the stream ended at {place}");
            for &found in &buffer[..n] {
                assert_eq!(found, byte_at(place), "byte {place} is another");
                place += 1;
            }
        }
        if place == bytes {
            break;
        }
    }
    assert_eq!(stream.read(&mut buffer).expect("the end"), 0, "more came than was sent");
}
