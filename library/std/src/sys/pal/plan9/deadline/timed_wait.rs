//! A thread's timed wait on a semaphore, and who ends it.
//!
//! The kernel's own timed wait for a semaphore counts ticks, so a waiter whose time is nearly over
//! asks the deadline thread to release the semaphore when the time has come. A wait must be ended
//! by exactly one release: one too few and the waiter sleeps on, one too many and the thread's next
//! wait ends for nothing. Whoever takes the waiter's record out of the list of waiters ends the
//! wait, and the list has a lock. This file makes no system call, so the same source is
//! model-checked.
//!
//! | from    | to      | who             | when                                              |
//! |---------|---------|-----------------|---------------------------------------------------|
//! | Out     | Waiting | owner           | `begin`; it puts the record in the list           |
//! | Waiting | Woken   | a waker         | takes the record (`taken`), and releases          |
//! | Waiting | Expired | deadline thread | `is_due`: takes the record, `expire`, and releases |
//! | Waiting | Out     | owner           | by its own clock: takes the record, no release    |
//! | Woken   | Out     | owner           | has taken the release; `end` is false             |
//! | Expired | Out     | owner           | has taken the release; `end` is true              |
//!
//! All moves are made under the lock of the list, but for the last, which belongs to the owner
//! alone once the record is out. The deadline is written without the lock, by the owner while it
//! waits: [`TimedWait::arm`]. The deadline thread looks at it without the lock, so what it sees may
//! be of a wait that is over; under the lock it looks again, and a wait that has begun since has no
//! deadline yet, or one of its own.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::sys::pal::deadline::slot::Word;

/// No deadline.
const NONE: u64 = 0;

/// The record of one thread.
pub struct TimedWait<W> {
    /// The address that is waited on, 0 outside a wait: it says which list the record is in.
    address: W,
    /// Monotonic nanoseconds; 0 while nobody but a waker is to end the wait.
    until: W,
    /// 1 if the deadline thread ended the wait.
    expired: W,
}

impl<W: Word> TimedWait<W> {
    /// A record that is Out. The words start at 0.
    pub const fn new(address: W, until: W, expired: W) -> Self {
        Self { address, until, expired }
    }

    /// Owner, under the lock: a wait on `address` begins.
    pub fn begin(&self, address: u64) {
        self.until.store(NONE, Relaxed);
        self.expired.store(0, Relaxed);
        self.address.store(address, Relaxed);
    }

    /// Owner, in Waiting: the deadline thread is to end the wait at `until`. It may have to be
    /// woken for that.
    pub fn arm(&self, until: u64) {
        // Release: who sees the deadline sees the address of this wait, or a later one.
        self.until.store(until.max(1), Release);
    }

    /// The address that is waited on, 0 outside a wait. Under the lock, or as a hint.
    pub fn address(&self) -> u64 {
        self.address.load(Relaxed)
    }

    /// Who took the record out of the list, under the lock.
    pub fn taken(&self) {
        self.address.store(0, Relaxed);
    }

    /// Deadline thread, without the lock: the address and the deadline of a wait, if it has one.
    pub fn armed(&self) -> Option<(u64, u64)> {
        let until = self.until.load(Acquire);
        let address = self.address.load(Relaxed);
        (until != NONE && address != 0).then_some((address, until))
    }

    /// Deadline thread, under the lock, with the record still in the list: whether the wait that it
    /// belongs to now is over.
    pub fn is_due(&self, now: u64) -> bool {
        let until = self.until.load(Relaxed);
        until != NONE && until <= now
    }

    /// Deadline thread, under the lock, once it has taken the record.
    pub fn expire(&self) {
        self.expired.store(1, Relaxed);
    }

    /// Owner, in Woken or Expired, after it has taken what was released: whether the time ran out.
    pub fn end(&self) -> bool {
        // The deadline thread's store came before its release of the semaphore, which this thread
        // has taken.
        self.expired.load(Relaxed) != 0
    }
}
