//! What the programs share: the bytes that are sent, small random numbers, and waits that must time out.
//!
//! A program is told the ports of its peers and fails by panicking; what it prints is compared or shown.

pub mod files;

use std::fmt::Debug;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The host as a program sees it.
pub const HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);

/// The argument with this number, the first is 1.
///
/// # Panics
///
/// If it is missing or no number.
pub fn argument(n: usize) -> u64 {
    let text = std::env::args().nth(n);
    text.and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("argument {n} is no number"))
}

/// The peer whose port is the argument with this number.
pub fn peer(n: usize) -> SocketAddr {
    SocketAddr::from((HOST, argument(n) as u16))
}

/// A stream to that peer.
///
/// # Panics
///
/// If the call fails.
pub fn dial(n: usize) -> TcpStream {
    TcpStream::connect(peer(n)).expect("a call to the host")
}

/// The byte at a place of every stream: a byte that is lost or doubled shifts all that follow.
pub fn byte_at(place: u64) -> u8 {
    (place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}

/// Numbers that look random (xorshift).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed | 1)
    }

    /// At least `low`, below `high`.
    pub fn within(&mut self, low: u64, high: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        low + self.0 % (high - low)
    }
}

/// How an expired wait is told.
pub fn is_timeout(why: &io::Error) -> bool {
    matches!(why.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}

/// Makes a call that must time out, and not early; gives how late it was.
///
/// # Panics
///
/// If it does not, or is early.
pub fn times_out<T: Debug>(after: Duration, call: impl FnOnce() -> io::Result<T>) -> Duration {
    let start = Instant::now();
    let result = call();
    let took = start.elapsed();
    match result {
        Err(why) if is_timeout(&why) => {
            took.checked_sub(after).unwrap_or_else(|| panic!("{after:?} ended after {took:?}"))
        }
        other => panic!("{after:?}: it did not time out: {other:?}"),
    }
}
