//! A lock for one half, reading or writing, of a stream. It is acquired with the call's timeout.
//!
//! The kernel lets one reader and one writer wait at a time, and a second one may wait where no
//! note reaches it. So threads queue here, on a futex, for as long as their call's timeout lets
//! them.
//!
//! The two low bits of the state say whether the lock is free, taken, or taken with threads
//! waiting. The bits above count the calls of [`recheck_waiters`](IoLock::recheck_waiters). A
//! waiter loads the state before it reads its timeout. If `recheck_waiters` is called in between,
//! the state has changed, so the futex wait returns at once and the timeout is read again.

use super::timed_io::over;
use crate::cell::UnsafeCell;
use crate::io;
use crate::ops::{Deref, DerefMut};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use crate::sys::pal::deadline::bound::{Bound, Wait};
use crate::sys::thread::wait;
use crate::sys::time::clock;
use crate::time::Duration;

const FREE: u32 = 0;
const TAKEN: u32 = 1;
/// Taken, and others wait.
const WANTED: u32 = 2;
const HOLD_MASK: u32 = 3;
const RECHECK: u32 = HOLD_MASK + 1;

/// What belongs to whoever has the turn.
pub struct IoLock<T> {
    state: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached with the turn alone.
unsafe impl<T: Send> Sync for IoLock<T> {}

impl<T> IoLock<T> {
    pub const fn new(value: T) -> Self {
        Self { state: AtomicU32::new(FREE), value: UnsafeCell::new(value) }
    }

    /// Waits for the turn as long as `bound` lets it.
    pub fn enter(&self, bound: &impl Bound) -> io::Result<IoGuard<'_, T>> {
        // Who has waited takes the turn as wanted: others may still wait.
        let mut taken = TAKEN;
        loop {
            let state = self.state.load(SeqCst);
            if state & HOLD_MASK == FREE {
                if self.state.compare_exchange(state, state | taken, Acquire, Relaxed).is_ok() {
                    return Ok(IoGuard(self));
                }
                continue;
            }
            let wanted = state & !HOLD_MASK | WANTED;
            if self.state.compare_exchange(state, wanted, Acquire, Relaxed).is_err() {
                continue;
            }
            taken = WANTED;
            let (wait, _) = bound.wait();
            if let Some(why) = over(wait) {
                return Err(why);
            }
            let left = match wait {
                Wait::Until(deadline) => {
                    Some(Duration::from_nanos(deadline.0.saturating_sub(clock::now())))
                }
                Wait::Not | Wait::Forever => None,
            };
            wait::wait(&self.state, wanted, left);
        }
    }

    /// The value, without a turn: nobody else can have one.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Lets all that wait look at their bounds again. No system call where nobody waits.
    pub fn recheck_waiters(&self) {
        if self.state.fetch_add(RECHECK, SeqCst) & HOLD_MASK == WANTED {
            wait::wake_all(&self.state);
        }
    }
}

/// The turn, until it is dropped.
pub struct IoGuard<'a, T>(&'a IoLock<T>);

/// A reference to it gives one to the value, which may be no other thread's to see.
impl<T> !Sync for IoGuard<'_, T> {}

impl<T> Deref for IoGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this is the only turn.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for IoGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this is the only turn.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for IoGuard<'_, T> {
    fn drop(&mut self) {
        // Release: the value as this turn leaves it.
        if self.0.state.fetch_and(!HOLD_MASK, Release) & HOLD_MASK == WANTED {
            wait::wake(&self.0.state);
        }
    }
}
