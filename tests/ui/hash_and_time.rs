//! Hash keys, both clocks, sleeping, large allocations.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

fn main() {
    let map: HashMap<u32, u32> = (0..1000).map(|n| (n, n * n)).collect();
    println!("{} {}", map.len(), map[&31]);
    let (start, day) = (Instant::now(), SystemTime::now());
    std::thread::sleep(Duration::from_millis(25));
    println!("{} {}", start.elapsed() >= Duration::from_millis(25), day.elapsed().is_ok());
    println!("{}", day.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() > 1_700_000_000);
    let mut big = vec![1u8; 100 << 20];
    big.resize(120 << 20, 2);
    println!("{} {}", big[(100 << 20) - 1], big[100 << 20]);
}
