//! A turn at one direction of a stream.
//!
//! The kernel lets one reader and one writer wait at a time, and the second may wait where no note reaches it. So threads
//! queue here, on a futex, under the deadline of the call they make.

use crate::cell::UnsafeCell;
use crate::io;
use crate::ops::{Deref, DerefMut};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sys::pal::deadline::operation::{Deadline, timed_out};
use crate::sys::pal::{clock, futex};
use crate::time::Duration;

const FREE: u32 = 0;
const TAKEN: u32 = 1;
/// Taken, and others wait.
const WANTED: u32 = 2;

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

    /// Waits for the turn; `TimedOut` if the deadline comes first.
    pub fn enter(&self, deadline: Option<Deadline>) -> io::Result<Turn<'_, T>> {
        if self.state.compare_exchange(FREE, TAKEN, Acquire, Relaxed).is_ok() {
            return Ok(Turn(self));
        }
        while self.state.swap(WANTED, Acquire) != FREE {
            let left = deadline.map(|deadline| deadline.0.saturating_sub(clock::now()));
            if left == Some(0) {
                return Err(timed_out());
            }
            futex::futex_wait(&self.state, WANTED, left.map(Duration::from_nanos));
        }
        Ok(Turn(self))
    }
}

/// The turn, until it is dropped.
pub struct Turn<'a, T>(&'a Lane<T>);

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
        if self.0.state.swap(FREE, Release) == WANTED {
            futex::futex_wake(&self.0.state);
        }
    }
}
