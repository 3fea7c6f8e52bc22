//! A turn at one direction of a stream.
//!
//! The kernel lets one reader and one writer wait at a time, and the second may wait where no note
//! reaches it. So threads queue here, on a futex, under the bound of the call they make.
//!
//! The state's two low bits say whether the turn is free, taken, or taken and wanted by others; the
//! bits above count the [`nudges`](Lane::nudge). Who waits has read the state before it asked for
//! its bound, so a nudge in between changes the word that the futex compares, and the bound is
//! asked for again.

use crate::cell::UnsafeCell;
use crate::io;
use crate::ops::{Deref, DerefMut};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use crate::sys::pal::deadline::operation::{Bound, Wait, over};
use crate::sys::pal::{clock, futex};
use crate::time::Duration;

const FREE: u32 = 0;
const TAKEN: u32 = 1;
/// Taken, and others wait.
const WANTED: u32 = 2;
const HOLD_MASK: u32 = 3;
const NUDGE: u32 = HOLD_MASK + 1;

/// What belongs to whoever has the turn.
pub struct Lane<T> {
    state: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached with the turn alone.
unsafe impl<T: Send> Sync for Lane<T> {}

impl<T> Lane<T> {
    pub const fn new(value: T) -> Self {
        Self { state: AtomicU32::new(FREE), value: UnsafeCell::new(value) }
    }

    /// Waits for the turn as long as `bound` lets it.
    pub fn enter(&self, bound: &impl Bound) -> io::Result<Turn<'_, T>> {
        // Who has waited takes the turn as wanted: others may still wait.
        let mut taken = TAKEN;
        loop {
            let state = self.state.load(SeqCst);
            if state & HOLD_MASK == FREE {
                if self.state.compare_exchange(state, state | taken, Acquire, Relaxed).is_ok() {
                    return Ok(Turn(self));
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
            futex::futex_wait(&self.state, wanted, left);
        }
    }

    /// The value, without a turn: nobody else can have one.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Lets all that wait look at their bounds again. No system call where nobody waits.
    pub fn nudge(&self) {
        if self.state.fetch_add(NUDGE, SeqCst) & HOLD_MASK == WANTED {
            futex::futex_wake_all(&self.state);
        }
    }
}

/// The turn, until it is dropped.
pub struct Turn<'a, T>(&'a Lane<T>);

/// A reference to it gives one to the value, which may be no other thread's to see.
impl<T> !Sync for Turn<'_, T> {}

impl<T> Deref for Turn<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this is the only turn.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Turn<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this is the only turn.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        // Release: the value as this turn leaves it.
        if self.0.state.fetch_and(!HOLD_MASK, Release) & HOLD_MASK == WANTED {
            futex::futex_wake(&self.0.state);
        }
    }
}
