//! How an owner and the deadline thread agree on when the thread looks next, and how it waits until
//! then.
//!
//! The thread waits until a moment that it has published. An owner whose deadline comes earlier
//! must wake it, and the thread must not fall asleep on a deadline that it has not seen. This file
//! makes no system call, so the same source is model-checked.
//!
//! | step | owner                              | deadline thread                           |
//! |------|------------------------------------|-------------------------------------------|
//! | 1    | arms its slot                      | [`Wake::wait_until`] publishes the moment |
//! | 2    | a fence                            | a fence                                   |
//! | 3    | [`Wake::is_late`] reads the moment | looks at every slot once more             |
//!
//! The fences are sequentially consistent, so at least one of the two sees the other: either the
//! owner reads the new moment and wakes the thread, or the thread finds the armed slot and looks
//! again. Weaker ones would let both read what was before. While the thread looks the moment is 0,
//! which is late for nobody: it will publish, and look once more.
//!
//! There are two ways to wait, and each has its own way to be woken. The low bit of the published
//! word names it, so an owner reads one word and makes one system call:
//!
//! | wait                             | ends at            | an owner ends it early by        |
//! |----------------------------------|--------------------|----------------------------------|
//! | [`By::Semaphore`], `tsemacquire` | whole ticks        | a release of the semaphore       |
//! | [`By::Sleep`], `sleep`           | whole milliseconds | `interrupt`, written to its ctl  |
//!
//! Both are remembered by the kernel, so it does not matter whether the wake comes before the wait
//! or during it. One that comes when the thread has stopped waiting, or waits in the other way by
//! now, costs one look: a count that is left on the semaphore ends the next `tsemacquire`, an
//! interrupt that is left ends the next wait of either kind. A note that the thread gets between
//! the interrupt and its `sleep` wipes the interrupt out (`port/proc.c:popnote`); then the look is
//! as late as the sleep is long, which is less than two ticks.

use core::sync::atomic::Ordering::SeqCst;

use crate::sys::pal::deadline::slot::Word;

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

/// How the thread waits, and so how it is woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Semaphore = 0,
    Sleep = 1,
}

const BY_MASK: u64 = 1;

/// When the deadline thread looks next, in monotonic nanoseconds, with the way it waits in the low
/// bit; 0 while it is looking.
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

    /// Deadline thread: it will wait until `next`, unless one more look at the slots shows an
    /// earlier deadline.
    pub fn wait_until(&self, next: u64, by: By) {
        self.0.store(next & !BY_MASK | by as u64, SeqCst);
        W::fence();
    }

    /// Owner, after arming for `deadline`: how the thread must be woken, if it would wait past it.
    pub fn is_late(&self, deadline: u64) -> Option<By> {
        W::fence();
        let word = self.0.load(SeqCst);
        let by = if word & BY_MASK == 0 { By::Semaphore } else { By::Sleep };
        (word & !BY_MASK > deadline).then_some(by)
    }
}
