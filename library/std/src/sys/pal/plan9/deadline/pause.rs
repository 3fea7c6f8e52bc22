//! How long one wait in the kernel may be, so that a deadline is met as exactly as the kernel can.
//!
//! `tsemacquire` takes only whole ticks of 10 ms off what it was asked to wait
//! (`port/sysproc.c:tsemacquire`), so a wait of 1 ms ends up to 9 ms late. `sleep` is a timer of
//! its own and exact to a fraction of a millisecond, but no semaphore ends it. So a long wait is
//! `tsemacquire` for whole ticks, and what is then left is for `sleep` or for another thread that
//! sleeps. This file makes no system call and is tested on the host.

use plan9_abi::layout::TICK_MS;

const MILLISECOND: u64 = 1_000_000;
/// A tick of the kernel's clock, in nanoseconds.
const TICK: u64 = TICK_MS * MILLISECOND;
/// The longest single wait, in milliseconds; a multiple of a tick.
const LONGEST_MS: u64 = 1_000_000_000;

/// What a thread does until a moment on its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// `tsemacquire` for so many milliseconds, a multiple of a tick.
    Ticks(u32),
    /// `sleep` for so many milliseconds.
    Sleep(u32),
    /// Less is left than the kernel can count: let others run, and look at the clock again.
    Yield,
}

impl Pause {
    /// The next pause of a thread that has `left` nanoseconds to wait.
    ///
    /// `tsemacquire` can take one tick too many, so what it gets leaves at least one. `sleep`
    /// counts milliseconds and is late by some tenths of one itself. So seven tenths and less are
    /// rounded down, and what is left after such a sleep is passed by [`Pause::Yield`]. Where less
    /// than one is left, that would be all of it: then half of one is the limit.
    pub fn of(left: u64) -> Self {
        if left >= 2 * TICK {
            let ticks = left / TICK - 1;
            return Self::Ticks((ticks * TICK_MS).min(LONGEST_MS) as u32);
        }
        let tenths_up = if left < MILLISECOND { 5 } else { 3 };
        match (left + tenths_up * MILLISECOND / 10) / MILLISECOND {
            0 => Self::Yield,
            ms => Self::Sleep(ms as u32),
        }
    }
}
