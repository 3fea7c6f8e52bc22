//! How late timers are. The real kernel's figures (emulated, 50 of each: sleep 1 ms late by 85 to 3,452 us, tsemacquire
//! 5 ms by 166 to 9,797, alarm 10 ms by -6,338 to 3,601) differ from run to run, so this probe judges its own: `sleep` and
//! `tsemacquire` are never early, `alarm` by a tick of 10 ms at most, and half of all calls are late by less than two.
//! A machine that has other work makes calls late for a while: what is late is measured again before it is said.

#![no_std]
#![no_main]

use conformance::{HANDLED, handle_notes, late, say};
use core::sync::atomic::AtomicI32;
use core::sync::atomic::Ordering::SeqCst;
use plan9_abi::layout::TICK_MS;
use plan9_abi::sys::{process, sync};

conformance::counting_handler!();

static SEMAPHORE: AtomicI32 = AtomicI32::new(0);
const TIMES: usize = 50;
const TICK_US: i64 = TICK_MS as i64 * 1000;
/// Half of all calls are late by less.
const USUAL_US: i64 = 2 * TICK_US;
/// Longer than the longest alarm, in milliseconds.
const PART_MS: u32 = 250;
/// A call that is later than this hangs.
const FOREVER_US: i64 = 500_000;
/// So often the calls are measured at most.
const ROUNDS: usize = 5;
/// Between two of them, in milliseconds.
const PAUSE_MS: u32 = 500;

fn sleep(ms: u32) {
    let _ = process::sleep(ms);
}

fn tsemacquire(ms: u32) {
    let _ = sync::tsemacquire(&SEMAPHORE, ms);
}

/// Where the proc is held up before it sleeps, the note has come before, and wakes no sleep: so it sleeps in parts.
fn alarm(ms: u32) {
    let before = HANDLED.load(SeqCst);
    let _ = process::alarm(ms);
    for _ in 0..1000 / PART_MS {
        if HANDLED.load(SeqCst) != before {
            break;
        }
        let _ = process::sleep(PART_MS);
    }
    let _ = process::alarm(0);
}

/// The least, the median and the greatest lateness of a call, in microseconds.
fn lateness(ms: u32, wait: fn(u32)) -> (i64, i64, i64) {
    let late: [i64; TIMES] = late::of(ms, wait);
    (late[0], late[TIMES / 2], late[TIMES - 1])
}

#[unsafe(no_mangle)]
fn probe() {
    handle_notes();
    let calls: [(&str, fn(u32), i64); 3] =
        [("sleep", sleep, 0), ("tsemacquire", tsemacquire, 0), ("alarm", alarm, -TICK_US)];
    for ms in [1, 2, 5, 10, 15, 50] {
        for (name, wait, earliest) in calls {
            let (mut least, mut median, mut greatest) = lateness(ms, wait);
            for _ in 1..ROUNDS {
                if median < USUAL_US && greatest < FOREVER_US {
                    break;
                }
                let _ = process::sleep(PAUSE_MS);
                let again = lateness(ms, wait);
                // None may ever be early.
                (least, median, greatest) = (least.min(again.0), again.1, again.2);
            }
            let early = if least < earliest { "too early" } else { "not too early" };
            let usual = if median < USUAL_US { "usually in time" } else { "usually late" };
            let worst = if greatest < FOREVER_US { "always ends" } else { "hangs" };
            say!("{name} {ms} ms: {early}, {usual}, {worst}");
        }
    }
}
