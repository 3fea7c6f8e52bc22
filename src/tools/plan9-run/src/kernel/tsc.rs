//! The cycle counter: the machine's own clock where it runs evenly, as `pc/archacpi.c` prefers it, and the frequency
//! that exec puts into Tos.

use std::arch::x86_64::{__cpuid, _rdtsc};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Hz of the counter, or 0 where it is not known to run evenly on all processors.
pub fn frequency() -> u64 {
    static FREQUENCY: OnceLock<u64> = OnceLock::new();
    *FREQUENCY.get_or_init(|| if invariant() { measure() } else { 0 })
}

/// What the counter says now and its Hz, where it can be a clock (`pc/mp.c:tscticks`).
pub fn ticks() -> Option<(u64, u64)> {
    let hz = frequency();
    (hz != 0).then(|| (now(), hz))
}

/// The counter now.
pub fn now() -> u64 {
    // SAFETY: every x86-64 processor has the counter.
    unsafe { _rdtsc() }
}

fn invariant() -> bool {
    const POWER: u32 = 0x8000_0007;
    __cpuid(0x8000_0000).eax >= POWER && __cpuid(POWER).edx & 1 << 8 != 0
}

/// Counts against the host's clock; each end is the tightest of several readings.
fn measure() -> u64 {
    let reading = || {
        (0..8)
            .map(|_| {
                let before = Instant::now();
                let count = now();
                let after = Instant::now();
                (after - before, before + (after - before) / 2, count)
            })
            .min_by_key(|&(width, ..)| width)
    };
    let (Some((_, t0, c0)), ()) = (reading(), std::thread::sleep(Duration::from_millis(20))) else {
        return 0;
    };
    let Some((_, t1, c1)) = reading() else { return 0 };
    (u128::from(c1 - c0) * 1_000_000_000 / (t1 - t0).as_nanos().max(1)) as u64
}
