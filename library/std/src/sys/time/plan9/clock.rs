//! Monotonic time, in nanoseconds.
//!
//! A timed operation reads the time twice, so that must cost no system call where possible. The
//! source is the processor's cycle counter if the kernel's own clock is that counter: then, and
//! only then, the kernel has made the counters of all processors agree (`pc/mp.c:syncclock`), and
//! `/dev/bintime` says at which rate it counts. It is so if the counter's value in `/dev/bintime`
//! lies between two readings made here. Otherwise the source is the fourth word of `/dev/bintime`,
//! which setting the clock does not touch. Kernels before 2025-04 have three words, and there the
//! second counts at the rate of the third.
//!
//! These count from different moments, so the source is chosen at the first call and kept: a
//! deadline must mean the same to all who compare it. If `/dev/bintime` cannot be read at the first
//! call, for want of a descriptor or of devices, the source is the time of day. If it was the
//! source and cannot be read later, the time of day is used instead, less the difference of the two
//! at the first call. The time of day can be set back, so no time is given that is less than the
//! one before.

use plan9_abi::flags::open;
use plan9_abi::sys::{file, process};

use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::atomic::{AtomicI32, AtomicU64};
use crate::sys::pal::arch::counter;
use crate::sys::pal::devices::open_device;
use crate::sys::pal::shared_static;
use crate::time::Duration;

/// Values of the source that are no frequency: not chosen yet, `/dev/bintime`, the time of day.
const UNKNOWN: u64 = 0;
const BINTIME: u64 = 1;
const TIME_OF_DAY: u64 = 2;

shared_static! {
    /// Where the time comes from; written once. A larger value is the counter's frequency in Hz.
    static SOURCE: AtomicU64 = AtomicU64::new(UNKNOWN);
    "__rust_plan9_clock_source"
}

shared_static! {
    /// The time of day at the zero of `/dev/bintime`'s monotonic time, in nanoseconds; written
    /// before [`SOURCE`].
    static ZERO: AtomicU64 = AtomicU64::new(0);
    "__rust_plan9_clock_zero"
}

shared_static! {
    /// The latest time that was given, where the source is not the counter.
    static LATEST: AtomicU64 = AtomicU64::new(0);
    "__rust_plan9_clock_latest"
}

shared_static! {
    /// The descriptor of `/dev/bintime`, once it was needed.
    static BINTIME_FD: AtomicI32 = AtomicI32::new(-1);
    "__rust_plan9_bintime"
}

/// Nanoseconds since some moment before the program started; never less than before.
pub fn now() -> u64 {
    let source = match SOURCE.load(Acquire) {
        UNKNOWN => choose(),
        source => source,
    };
    let time = match source {
        BINTIME => match bintime() {
            Some(words) => monotonic(words),
            None => process::nsec().saturating_sub(ZERO.load(Relaxed)),
        },
        TIME_OF_DAY => process::nsec(),
        hz => return scale(counter(), hz),
    };
    LATEST.fetch_max(time, Relaxed).max(time)
}

/// The moment that far ahead; `None` if the clock never gets there.
pub fn deadline(after: Duration) -> Option<u64> {
    now().checked_add(u64::try_from(after.as_nanos()).ok()?)
}

fn scale(ticks: u64, hz: u64) -> u64 {
    (u128::from(ticks) * 1_000_000_000 / u128::from(hz)) as u64
}

/// Chooses the source, unless another thread has meanwhile.
#[cold]
fn choose() -> u64 {
    let before = counter();
    let source = match bintime() {
        None => TIME_OF_DAY,
        Some(words @ [time_of_day, ticks, hz, _]) => {
            ZERO.store(time_of_day.wrapping_sub(monotonic(words)), Relaxed);
            let is_counter = (before..=counter()).contains(&ticks) && hz > TIME_OF_DAY;
            if is_counter { hz } else { BINTIME }
        }
    };
    // Release: who sees the source sees its zero.
    SOURCE
        .compare_exchange(UNKNOWN, source, Release, Acquire)
        .map_or_else(|other| other, |_| source)
}

/// What `/dev/bintime` says of monotonic time.
fn monotonic(words: [u64; 4]) -> u64 {
    match words {
        [_, ticks, hz, 0] => scale(ticks, hz.max(1)),
        [.., monotonic] => monotonic,
    }
}

/// Reads `/dev/bintime`: nanoseconds since 1970, ticks of the kernel's clock, their number a
/// second, monotonic nanoseconds; the last is 0 on a kernel without it.
fn bintime() -> Option<[u64; 4]> {
    let kept = BINTIME_FD.load(Relaxed);
    if let Some(words) = read_bintime(kept) {
        return Some(words);
    }
    // Not opened yet; or the program has closed it, with all the descriptors that it does not know.
    let mode = open::READ | open::CEXEC;
    let opened = open_device(c"/dev/bintime", c"#c/bintime", mode).ok()?;
    let words = read_bintime(opened);
    if words.is_none() || BINTIME_FD.compare_exchange(kept, opened, Relaxed, Relaxed).is_err() {
        let _ = file::close(opened);
    }
    words
}

fn read_bintime(fd: i32) -> Option<[u64; 4]> {
    const WORD: usize = size_of::<u64>();
    let mut bytes = [0; 4 * WORD];
    if fd < 0 {
        return None;
    }
    let read = file::pread(fd, &mut bytes, 0).ok()?;
    let (words, _) = bytes.as_chunks::<WORD>();
    (read >= 3 * WORD).then(|| [0, 1, 2, 3].map(|word| u64::from_be_bytes(words[word])))
}
