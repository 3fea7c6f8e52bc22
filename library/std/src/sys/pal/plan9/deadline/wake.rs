//! How an owner and the deadline thread agree on when the thread looks next.
//!
//! The thread sleeps until a moment that it has published; an owner whose deadline comes earlier must wake it, and none
//! may fall asleep on a deadline that it has not seen. It makes no system call, so the same file is model-checked.
//!
//! | step | owner                             | deadline thread                                          |
//! |------|-----------------------------------|----------------------------------------------------------|
//! | 1    | arms its slot                     | [`Wake::sleep_until`] publishes the moment                |
//! | 2    | a fence                           | a fence                                                  |
//! | 3    | [`Wake::is_late`] reads the moment | looks at every slot once more, before it sleeps          |
//!
//! The fences are sequentially consistent, so at least one of the two sees the other: either the owner reads the new
//! moment and releases the semaphore, or the thread finds the armed slot and looks again. Weaker ones would let both
//! read what was before. A release too many costs one look. While the thread looks the moment is 0, which is late for
//! nobody: it will publish, and look once more.

use super::slot::Word;
use core::sync::atomic::Ordering::SeqCst;

/// A word with the fence that goes with it, so that a model checker can bring its own.
pub trait Fenced: Word {
    /// A sequentially consistent fence.
    fn fence();
}

impl Fenced for core::sync::atomic::AtomicU64 {
    fn fence() {
        core::sync::atomic::fence(SeqCst);
    }
}

/// When the deadline thread looks next, in monotonic nanoseconds; 0 while it is looking.
pub struct Wake<W>(W);

impl<W: Fenced> Wake<W> {
    /// Of a thread that is looking. The word starts at 0.
    pub const fn new(word: W) -> Self {
        Self(word)
    }

    /// Deadline thread: it begins to look.
    pub fn look(&self) {
        self.0.store(0, SeqCst);
    }

    /// Deadline thread: it will sleep until `next`, unless one more look at the slots shows an earlier deadline.
    pub fn sleep_until(&self, next: u64) {
        self.0.store(next, SeqCst);
        W::fence();
    }

    /// Owner, after arming for `deadline`: whether the thread would sleep past it, and must be woken.
    pub fn is_late(&self, deadline: u64) -> bool {
        W::fence();
        self.0.load(SeqCst) > deadline
    }
}
