//! Waits on a word until another thread changes it, by the kernel's semaphores.
//!
//! A waiter enters the list of [`waiters`] of the word's address and waits on a semaphore of its
//! own, which is in its control block. Nothing here allocates or uses thread-locals. A note ends
//! the kernel's wait early; then it is made again with the time that is left. A wait without a
//! timeout is made of longer and longer ones, between which the [`watchdog`] is asked.
//!
//! A timed wait is as exact as `sleep`. It waits in the kernel for whole ticks, which is exact. For
//! the rest, the deadline thread is asked to end it
//! ([`timed_wait`](crate::sys::pal::deadline::timed_wait)). So a wait that is woken before its last
//! ticks makes no more system calls than one without a timeout.

use plan9_abi::sys::{process, sync};

use super::control::ThreadControl;
use super::waiters::Waiters;
use super::{waiters, watchdog};
use crate::sync::atomic::Ordering::{Acquire, Relaxed};
use crate::sync::atomic::{Atomic, AtomicU32};
use crate::sys::pal::deadline::pause::Pause;
use crate::sys::pal::deadline::thread as deadlines;
use crate::sys::thread::per_proc;
use crate::sys::time::clock;
use crate::time::Duration;

/// The longest single wait in the kernel, in milliseconds; longer ones are made of several.
const LONGEST_MS: u32 = 1 << 30;

/// Waits until woken, unless the futex no longer holds `expected`. False only if the time ran out.
pub fn wait(futex: &Atomic<u32>, expected: u32, timeout: Option<Duration>) -> bool {
    let Some(thread) = per_proc::current() else {
        // No thread of ours: let others run, and let the caller look again.
        let _ = process::sleep(0);
        return true;
    };
    let wait = Wait { thread, futex, expected };
    if !wait.begin() {
        return true;
    }
    // An overflowing deadline is none.
    match timeout.and_then(clock::deadline) {
        None => wait.until_woken(),
        Some(deadline) => wait.until(deadline),
    }
}

/// One thread's wait on a futex.
struct Wait<'a> {
    thread: &'static ThreadControl,
    futex: &'a Atomic<u32>,
    expected: u32,
}

impl Wait<'_> {
    fn address(&self) -> usize {
        self.futex.as_ptr().addr()
    }

    /// Enters the list of waiters; false if the futex no longer holds the value.
    fn begin(&self) -> bool {
        let list = Waiters::of(self.address()).lock();
        let holds = self.futex.load(Relaxed) == self.expected;
        if holds {
            list.push(self.thread, self.address());
        }
        holds
    }

    /// Leaves the list. False if a waker has taken the record out: its release belongs to this
    /// wait, which takes it.
    fn leave(&self) -> bool {
        if Waiters::of(self.address()).lock().take_thread(self.thread) {
            return true;
        }
        while sync::semacquire(&self.thread.wake, true) != Ok(true) {}
        false
    }

    /// Waits without a bound.
    fn until_woken(&self) -> bool {
        let mut patience = watchdog::PATIENCE_MS;
        loop {
            match sync::tsemacquire(&self.thread.wake, patience) {
                Ok(true) => return true,
                Ok(false) => {
                    watchdog::look();
                    patience = patience.saturating_mul(2).min(LONGEST_MS);
                }
                // A note.
                Err(_) => {}
            }
        }
    }

    /// Waits until a moment of the clock; false if it has come.
    fn until(&self, deadline: u64) -> bool {
        // Who ends the last ticks of the wait: nobody yet, the deadline thread, or the kernel as
        // well as it can.
        let mut exact = None;
        loop {
            let left = deadline.saturating_sub(clock::now());
            if left == 0 {
                // Not by the deadline thread in time, or the time was over from the start.
                return !self.leave() && !self.thread.slot.1.end();
            }
            let ms = match (Pause::of(left), exact) {
                (Pause::Ticks(ms), _) => ms,
                // It is to be released at the deadline. Should the deadline thread be gone, that is
                // noticed.
                (_, Some(true)) => watchdog::PATIENCE_MS,
                (_, Some(false)) => left.div_ceil(1_000_000) as u32,
                (_, None) => {
                    if !deadlines::is_running() {
                        // What the start waits for may be futexes: one wait at a time.
                        if !self.leave() {
                            return !self.thread.slot.1.end();
                        }
                        exact = Some(deadlines::start_for_wait());
                        if !self.begin() {
                            return true;
                        }
                    }
                    if *exact.get_or_insert(true) {
                        self.thread.slot.1.arm(deadline);
                        deadlines::armed(deadline);
                    }
                    continue;
                }
            };
            match sync::tsemacquire(&self.thread.wake, ms) {
                Ok(true) => return !self.thread.slot.1.end(),
                Ok(false) if exact == Some(true) => watchdog::look(),
                _ => {}
            }
        }
    }
}

/// Wakes one waiter; whether there was one.
pub fn wake(futex: &Atomic<u32>) -> bool {
    waiters::wake(futex.as_ptr().addr())
}

/// Wakes all waiters.
pub fn wake_all(futex: &Atomic<u32>) {
    while waiters::wake(futex.as_ptr().addr()) {}
}

/// Waits until a word is no longer 0.
pub fn wait_while_zero(word: &AtomicU32) {
    while word.load(Acquire) == 0 {
        wait(word, 0, None);
    }
}
