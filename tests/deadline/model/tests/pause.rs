//! The pauses of a wait, against a kernel that is late: none ends the wait too early by more than it says, and they end.

use deadline_model::pause::Pause;
use plan9_abi::layout::TICK_MS;

const MS: u64 = 1_000_000;
const TICK: u64 = TICK_MS * MS;

/// The time when a wait of `total` nanoseconds ends, with a kernel whose `tsemacquire` and `sleep` are late by as much.
fn end(total: u64, late_ticks: u64, late_sleep: u64) -> u64 {
    let mut now = 0;
    let mut pauses = 0;
    while now < total {
        now += match Pause::of(total - now) {
            Pause::Ticks(ms) => {
                assert_eq!(u64::from(ms) % TICK_MS, 0, "tsemacquire counts whole ticks");
                u64::from(ms) * MS + late_ticks
            }
            Pause::Sleep(ms) => u64::from(ms) * MS + late_sleep,
            // A system call.
            Pause::Yield => 10_000,
        };
        pauses += 1;
        assert!(pauses < 1000, "{total} ns take {pauses} pauses");
    }
    now
}

#[test]
fn no_later_than_sleep_and_a_half() {
    for total in (1..400).map(|n| n * 317_003).chain([MS, 10 * MS, 50 * MS, 1000 * MS]) {
        for late_ticks in [0, MS / 2, TICK - 1, TICK] {
            for late_sleep in [20_000, 200_000, 400_000] {
                let late = end(total, late_ticks, late_sleep) - total;
                assert!(late <= MS / 2 + late_sleep + 10_000, "{total} ns: {late} ns late");
            }
        }
    }
}

#[test]
fn the_longest_waits_are_whole_ticks() {
    for left in [u64::MAX, u64::MAX / 2, 2 * TICK] {
        assert!(matches!(Pause::of(left), Pause::Ticks(ms) if u64::from(ms) % TICK_MS == 0));
    }
    assert_eq!(Pause::of(0), Pause::Yield);
    assert_eq!(Pause::of(950_000), Pause::Sleep(1));
    assert_eq!(Pause::of(450_000), Pause::Yield);
    assert_eq!(Pause::of(9_600_000), Pause::Sleep(9));
    assert_eq!(Pause::of(9_800_000), Pause::Sleep(10));
}
