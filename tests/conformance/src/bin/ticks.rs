//! `tsemacquire` counts the time that it waits in whole ticks of the clock (`port/sysproc.c:tsemacquire`): a wait of 1 ms
//! ends with the next tick. On a real kernel (emulated, 60 of each) 1 ms was late by 8.6 to 9.0 ms in the median, 10 and
//! 50 ms by 0.4 and 0.5, and `sleep` of 1 ms by 0.2. Half a tick is the bound here; a slow machine only makes waits later.

#![no_std]
#![no_main]

use conformance::{late, say};
use core::sync::atomic::AtomicI32;
use plan9_abi::layout::TICK_MS;
use plan9_abi::sys::{process, sync};

static SEMAPHORE: AtomicI32 = AtomicI32::new(0);
const TIMES: usize = 40;
/// A machine that has other work makes every call late for a while: so often it is asked again.
const ROUNDS: usize = 5;
/// Half a tick, in microseconds.
const BOUND_US: i64 = TICK_MS as i64 * 1000 / 2;

fn sleep(ms: u32) {
    let _ = process::sleep(ms);
}

fn tsemacquire(ms: u32) {
    let _ = sync::tsemacquire(&SEMAPHORE, ms);
}

#[unsafe(no_mangle)]
fn probe() {
    let most = late::of::<TIMES>(1, tsemacquire)[TIMES / 2] > BOUND_US;
    let how = if most { "most are late" } else { "few are late" };
    say!("tsemacquire 1 ms: {how} by more than half a tick");
    let calls: [(u32, &str, fn(u32)); 5] = [
        (1, "sleep", sleep),
        (10, "tsemacquire", tsemacquire),
        (10, "sleep", sleep),
        (50, "tsemacquire", tsemacquire),
        (50, "sleep", sleep),
    ];
    for (ms, name, wait) in calls {
        let some = (0..ROUNDS).any(|_| late::of::<TIMES>(ms, wait)[0] < BOUND_US);
        let none = if some { "some are" } else { "none is" };
        say!("{name} {ms} ms: {none} late by less than half a tick");
    }
}
