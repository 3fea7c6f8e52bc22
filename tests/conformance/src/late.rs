//! How late the kernel's waits are, for the probes that judge that.

use plan9_abi::sys::process;

/// How late calls of a wait were, in microseconds, in order.
pub fn of<const TIMES: usize>(ms: u32, wait: fn(u32)) -> [i64; TIMES] {
    let mut late = [0; TIMES];
    for slot in &mut late {
        let start = process::nsec();
        wait(ms);
        let took = process::nsec().wrapping_sub(start).cast_signed();
        *slot = took / 1000 - i64::from(ms) * 1000;
    }
    late.sort_unstable();
    late
}
