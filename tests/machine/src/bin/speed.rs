//! How long some fixed work takes on this machine, a line `WHAT MILLISECONDS` for each kind of work: limits of time are
//! set by it.

use std::fs::File;
use std::hint::black_box;
use std::os::plan9::fs::FileExt;
use std::thread;
use std::time::Instant;

fn main() {
    measure("computing", || {
        let mut n = 1u64;
        for _ in 0..20_000_000 {
            n ^= n << 13;
            n ^= n >> 7;
            n ^= n << 17;
        }
        black_box(n);
    });
    let file = File::open("/dev/sysname").unwrap();
    measure("calls", || {
        for _ in 0..5_000 {
            file.read_at(&mut [0; 8], 0).unwrap();
        }
    });
    measure("threads", || (0..100).for_each(|_| thread::spawn(|| ()).join().unwrap()));
}

fn measure(what: &str, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    println!("{what} {}", start.elapsed().as_millis());
}
