//! A peer that sends back what it gets: both directions at once, addresses, the end of the stream.

use interop::{Random, byte_at, dial};
use std::io::{Read, Write};
use std::thread;

const BYTES: u64 = 16 << 20;

fn main() {
    let mut reader = dial(1);
    println!("from {} to {}", reader.local_addr().unwrap().ip(), reader.peer_addr().unwrap().ip());
    let mut writer = reader.try_clone().unwrap();
    let writing = thread::spawn(move || {
        let (mut random, mut place) = (Random::new(7), 0);
        while place < BYTES {
            let end = (place + random.within(1, 100_000)).min(BYTES);
            let piece: Vec<u8> = (place..end).map(byte_at).collect();
            writer.write_all(&piece).unwrap();
            place = end;
        }
    });
    let (mut place, mut buffer) = (0, vec![0; 50_000]);
    while place < BYTES {
        let n = reader.read(&mut buffer).unwrap();
        assert!(n > 0, "the stream ended after {place}");
        for &byte in &buffer[..n] {
            assert_eq!(byte, byte_at(place), "at {place}");
            place += 1;
        }
    }
    writing.join().unwrap();
    println!("{place} bytes there and back");
    // The peer ends the stream when it has seen all.
    for _ in 0..6 {
        assert_eq!(reader.read(&mut buffer).unwrap(), 0);
    }
    println!("then the end");
}
