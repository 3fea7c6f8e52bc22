//! Write timeouts against a peer that stalls and drains slowly: what `write` says it took is what arrives.
//!
//! Arguments: the port, how many bytes, the longest timeout in milliseconds.

use interop::{Random, argument, byte_at, dial, is_timeout};
use std::io::Write;
use std::time::{Duration, Instant};

fn main() {
    let mut stream = dial(1);
    let (total, longest) = (argument(2), argument(3));
    let mut random = Random::new(total ^ longest);
    let (mut place, mut expired, mut worst) = (0, 0, Duration::ZERO);
    while place < total {
        // Mostly large pieces, some of a byte or two, which fill a queue by the space of their blocks.
        let most = if random.within(0, 8) == 0 { 3 } else { 90_000 };
        let end = (place + random.within(1, most)).min(total);
        let piece: Vec<u8> = (place..end).map(byte_at).collect();
        let timeout = Duration::from_millis(random.within(1, longest + 1));
        stream.set_write_timeout(Some(timeout)).unwrap();
        let start = Instant::now();
        match stream.write(&piece) {
            Ok(n) => {
                assert!(n > 0);
                place += n as u64;
            }
            Err(why) if is_timeout(&why) => {
                let took = start.elapsed();
                assert!(took >= timeout, "{timeout:?} ended after {took:?}");
                expired += 1;
                worst = worst.max(took - timeout);
            }
            Err(why) => panic!("after {place}: {why}"),
        }
    }
    println!("{expired} timeouts, {worst:?} late at most");
}
