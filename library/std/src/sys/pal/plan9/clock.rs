//! Monotonic time, in nanoseconds.
//!
//! A timed operation asks for the time twice, so it must cost no system call where that is possible: the cycle
//! counter, if the processor says that it runs at one rate and the kernel says at which. Else the fourth word of
//! `/dev/bintime`, which setting the clock does not touch; kernels before 2025-04 have three, and there the second
//! counts at the rate of the third.

use super::private;
use crate::arch::x86_64::{__cpuid, _rdtsc};
use crate::sync::atomic::Ordering::Relaxed;
use crate::sync::atomic::{AtomicI32, AtomicU64};
use crate::time::Duration;
use plan9_abi::flags::open;
use plan9_abi::sys::{file, process};

/// Not asked yet, and: `/dev/bintime` it is.
const UNKNOWN: u64 = 0;
const NO_COUNTER: u64 = 1;

shared_static! {
    /// Hz of a counter that can be trusted.
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
            let hz = if counter_is_invariant() { private::cycle_frequency() } else { 0 };
            FREQUENCY.store(if hz > NO_COUNTER { hz } else { NO_COUNTER }, Relaxed);
            now()
        }
        NO_COUNTER => from_bintime(),
        // SAFETY: every amd64 processor has the counter, and the kernel lets programs read it.
        hz => scale(unsafe { _rdtsc() }, hz),
    }
}

/// The moment that far ahead; `None` if the clock never gets there.
pub fn deadline(after: Duration) -> Option<u64> {
    now().checked_add(u64::try_from(after.as_nanos()).ok()?)
}

fn scale(ticks: u64, hz: u64) -> u64 {
    (u128::from(ticks) * 1_000_000_000 / u128::from(hz)) as u64
}

/// Bit 8 of EDX of leaf 0x8000_0007: one rate in every state of the processor.
fn counter_is_invariant() -> bool {
    const POWER: u32 = 0x8000_0007;
    __cpuid(0x8000_0000).eax >= POWER && __cpuid(POWER).edx & 1 << 8 != 0
}

fn from_bintime() -> u64 {
    let mut words = [0; 32];
    let mut fd = BINTIME.load(Relaxed);
    for _ in 0..2 {
        let read =
            if fd < 0 { Err(plan9_abi::sys::Failed) } else { file::pread(fd, &mut words, 0) };
        let word =
            |at: usize| words[at..].first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        match read {
            Ok(32) => return word(24),
            Ok(24) => return scale(word(8), word(16).max(1)),
            // Not open yet, or the program closed it.
            _ => fd = file::open(c"/dev/bintime", open::READ | open::CEXEC).unwrap_or(-1),
        }
        BINTIME.store(fd, Relaxed);
    }
    // No /dev: the time of day is all there is.
    process::nsec()
}
