//! Monotonic time, in nanoseconds.
//!
//! A timed operation asks for the time twice, so it must cost no system call where that is possible: the cycle
//! counter, where the kernel's own clock is that counter. Then, and only then, the kernel has made the counters of all
//! processors agree (`pc/mp.c:syncclock`), and `/dev/bintime` says at which rate it counts; whether it is so shows in
//! the counter's value there lying between two readings of ours. Else the fourth word of `/dev/bintime`, which setting
//! the clock does not touch; kernels before 2025-04 have three, and there the second counts at the rate of the third.

use super::devices::open_device;
use crate::arch::x86_64::_rdtsc;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sync::atomic::{AtomicI32, AtomicU64};
use crate::time::Duration;
use plan9_abi::flags::open;
use plan9_abi::sys::{file, process};

/// Not asked yet, and: `/dev/bintime` it is.
const UNKNOWN: u64 = 0;
const NO_COUNTER: u64 = 1;

shared_static! {
    /// Hz of the counter, where it is the kernel's clock.
    static FREQUENCY: AtomicU64 = AtomicU64::new(UNKNOWN);
    "__rust_plan9_clock_hz"
}

shared_static! {
    /// `/dev/bintime`, once it was needed.
    static BINTIME: AtomicI32 = AtomicI32::new(-1);
    "__rust_plan9_bintime"
}

/// Nanoseconds since some moment before the program started; never less than before.
pub fn now() -> u64 {
    match FREQUENCY.load(Relaxed) {
        UNKNOWN => {
            FREQUENCY.store(counter_frequency().unwrap_or(NO_COUNTER), Relaxed);
            now()
        }
        NO_COUNTER => from_bintime(),
        hz => scale(counter(), hz),
    }
}

/// The moment that far ahead; `None` if the clock never gets there.
pub fn deadline(after: Duration) -> Option<u64> {
    now().checked_add(u64::try_from(after.as_nanos()).ok()?)
}

fn scale(ticks: u64, hz: u64) -> u64 {
    (u128::from(ticks) * 1_000_000_000 / u128::from(hz)) as u64
}

/// What the kernel's clock counts a second, if it is the counter.
fn counter_frequency() -> Option<u64> {
    let before = counter();
    let [_, ticks, hz, _] = bintime()?;
    (before..=counter()).contains(&ticks).then_some(hz).filter(|&hz| hz > NO_COUNTER)
}

fn counter() -> u64 {
    // SAFETY: every amd64 processor has the counter, and the kernel lets programs read it.
    unsafe { _rdtsc() }
}

fn from_bintime() -> u64 {
    match bintime() {
        Some([_, ticks, hz, 0]) => scale(ticks, hz.max(1)),
        Some([.., monotonic]) => monotonic,
        // No /dev: the time of day is all there is.
        None => process::nsec(),
    }
}

/// Nanoseconds since 1970, ticks of the kernel's clock, their number a second, monotonic nanoseconds; the last is 0 on
/// a kernel without it.
fn bintime() -> Option<[u64; 4]> {
    const WORD: usize = size_of::<u64>();
    let mut bytes = [0; 4 * WORD];
    let mut fd = BINTIME.load(Relaxed);
    if fd < 0 {
        let mode = open::READ | open::CEXEC;
        let opened = open_device(c"/dev/bintime", c"#c/bintime", mode).ok()?;
        fd = match BINTIME.compare_exchange(-1, opened, Relaxed, Relaxed) {
            Ok(_) => opened,
            Err(other) => {
                let _ = file::close(opened);
                other
            }
        };
    }
    let read = file::pread(fd, &mut bytes, 0).ok()?;
    let (words, _) = bytes.as_chunks::<WORD>();
    (read >= 3 * WORD).then(|| [0, 1, 2, 3].map(|word| u64::from_be_bytes(words[word])))
}
