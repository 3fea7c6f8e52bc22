//! The deadline slot: how a thread, the deadline thread and the note handler agree on one timed
//! operation.
//!
//! A note that breaks a blocked call must reach that call or none. The slot makes that a property
//! of one atomic word, which holds the operation's number and its phase; it makes no system call,
//! so the same file is model-checked.
//!
//! | from     | to       | who             | when                                            |
//! |----------|----------|-----------------|-------------------------------------------------|
//! | Idle     | Armed    | owner           | before the call; number and deadline are new    |
//! | Armed    | Idle     | owner           | after the call: no note was or will be posted   |
//! | Armed    | Posting  | deadline thread | the deadline has passed                         |
//! | Posting  | Fired    | deadline thread | the note is posted and counted, or was refused  |
//! | Fired    | Posting  | deadline thread | the call goes on: one more note                 |
//! | Fired    | Draining | owner           | after the call: some notes may be under way     |
//! | Draining | Idle     | owner           | every posted note is handled, or none is queued |
//!
//! A call goes on after its note where the kernel swallowed the interrupt, or where somebody took
//! the note, and with it the interrupt, by reading the proc's note file. A note that was taken is
//! never handled, so an owner that waits for it asks the kernel whether any note is queued.
//!
//! While the slot is Fired its deadline is the moment of one more note: who posts writes it, in
//! Posting. In Idle the owner sets both counts to 0. Otherwise only the deadline thread writes
//! `posted`, only in Posting; only the owner's note handler writes `handled`, for a note of this
//! operation in Posting, Fired or Draining. While the slot is Posting the owner waits for it to be
//! Fired. A note that somebody forged may be counted too: so the owner leaves when at least as many
//! are handled as were posted, and what a forger can do is break one wait, which is made again.

use core::sync::atomic::Ordering;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

/// What the protocol needs of an atomic word, so that a model checker can bring its own.
pub trait Word {
    fn load(&self, order: Ordering) -> u64;
    fn store(&self, value: u64, order: Ordering);
    fn compare_exchange(
        &self,
        old: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64>;
}

impl Word for core::sync::atomic::AtomicU64 {
    fn load(&self, order: Ordering) -> u64 {
        self.load(order)
    }

    fn store(&self, value: u64, order: Ordering) {
        self.store(value, order);
    }

    fn compare_exchange(
        &self,
        old: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        self.compare_exchange(old, new, success, failure)
    }
}

/// A note that broke nothing is followed by another after this long, in nanoseconds: the kernel
/// swallows an interrupt during a page fault.
pub const AGAIN: u64 = 10_000_000;

/// A note that has not been handled this long after another was due, in nanoseconds, will not be.
pub const OVERDUE: u64 = 10 * AGAIN;

/// What a slot is doing; the low bits of its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Idle = 0,
    Armed = 1,
    Posting = 2,
    Fired = 3,
    Draining = 4,
}

/// The width of the phase in the word, below the number.
pub const PHASE_BITS: u32 = 3;
const PHASE_MASK: u64 = (1 << PHASE_BITS) - 1;

/// The number of a timed operation, different for each one of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation(u64);

impl Operation {
    /// The number as a note's text carries it.
    pub fn number(self) -> u64 {
        self.0
    }

    /// The operation that a note's text names.
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }

    fn word(self, phase: Phase) -> u64 {
        self.0 << PHASE_BITS | phase as u64
    }

    /// What the slot's word holds from arming until somebody claims the operation.
    pub fn armed_word(self) -> u64 {
        self.word(Phase::Armed)
    }
}

/// What the owner finds when its call has returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disarm {
    /// The deadline had no part in it; no note of this operation exists.
    Clean,
    /// The deadline thread is posting this moment: let it run, then ask again.
    Posting,
    /// The deadline fired. Let the kernel deliver until [`Slot::drained`].
    Fired,
}

/// One thread's slot; a cache line of its own where it stands. What is public is for assembly: the
/// stub, which looks at the word last before the kernel, and the note handler.
#[repr(C)]
pub struct Slot<W> {
    pub word: W,
    /// Monotonic nanoseconds; written by the owner in Idle, and by who posts in Posting.
    deadline: W,
    /// Notes posted; written by the deadline thread.
    posted: W,
    /// Notes taken by the handler; written by the handler on the owner's proc.
    pub handled: W,
}

impl<W: Word> Slot<W> {
    /// A slot that is Idle. The four words start at 0.
    pub const fn new(word: W, deadline: W, posted: W, handled: W) -> Self {
        Self { word, deadline, posted, handled }
    }

    /// Owner, in Idle: arms the slot for `deadline`.
    pub fn arm(&self, deadline: u64) -> Operation {
        // Only the owner leaves Idle, so its own last number is here.
        let operation = Operation((self.word.load(Relaxed) >> PHASE_BITS) + 1);
        // Nobody else touches the counts in Idle.
        self.posted.store(0, Relaxed);
        self.handled.store(0, Relaxed);
        // Release: a claim that reads this deadline has also seen the word leave the operation
        // before, so that its exchange on that operation's word fails.
        self.deadline.store(deadline, Release);
        // Release: a claim that sees Armed sees the deadline.
        self.word.store(operation.word(Phase::Armed), Release);
        operation
    }

    /// Owner, after the call: takes the slot back, or says why it cannot yet.
    pub fn disarm(&self, operation: Operation) -> Disarm {
        let idle = operation.word(Phase::Idle);
        let fired = operation.word(Phase::Fired);
        if self.word.compare_exchange(operation.word(Phase::Armed), idle, AcqRel, Acquire).is_ok() {
            return Disarm::Clean;
        }
        // Acquire: `posted` as it was when the slot became Fired.
        match self.word.compare_exchange(fired, operation.word(Phase::Draining), AcqRel, Acquire) {
            Ok(_) => Disarm::Fired,
            Err(_) => Disarm::Posting,
        }
    }

    /// Owner, in Draining: true, and Idle again, once as many notes have been handled as were
    /// posted.
    pub fn drained(&self, operation: Operation) -> bool {
        // `posted` cannot change in Draining, and `handled` is written on this very proc.
        let done = self.posted.load(Relaxed) <= self.handled.load(Relaxed);
        if done {
            self.word.store(operation.word(Phase::Idle), Release);
        }
        done
    }

    /// Owner, in Draining: Idle again, where the kernel has no note queued for the proc. Nothing is
    /// posted in Draining, so none will come.
    pub fn give_up(&self, operation: Operation) {
        self.word.store(operation.word(Phase::Idle), Release);
    }

    /// Deadline thread: the deadline of an armed operation; `None` if the slot is not Armed.
    pub fn armed(&self) -> Option<(Operation, u64)> {
        let word = self.word.load(Acquire);
        (word & PHASE_MASK == Phase::Armed as u64)
            .then(|| (Operation(word >> PHASE_BITS), self.deadline.load(Acquire)))
    }

    /// Deadline thread: the operation that has had its note and has not ended yet, and when it is
    /// due one more.
    pub fn fired(&self) -> Option<(Operation, u64)> {
        let word = self.word.load(Acquire);
        (word & PHASE_MASK == Phase::Fired as u64)
            .then(|| (Operation(word >> PHASE_BITS), self.deadline.load(Acquire)))
    }

    /// Deadline thread: claims an operation whose deadline has passed. True obliges it to post a
    /// note and to call [`Slot::posted`].
    pub fn claim(&self, operation: Operation) -> bool {
        let armed = operation.word(Phase::Armed);
        self.word.compare_exchange(armed, operation.word(Phase::Posting), AcqRel, Relaxed).is_ok()
    }

    /// Deadline thread: claims a Fired operation for one more note, unless one is still to be
    /// handled. Where that is `overdue`, the note has been taken away, and with it the interrupt
    /// (`port/devproc.c:procread`).
    pub fn reclaim(&self, operation: Operation, overdue: bool) -> bool {
        let fired = operation.word(Phase::Fired);
        (overdue || self.posted.load(Relaxed) <= self.handled.load(Acquire))
            && self
                .word
                .compare_exchange(fired, operation.word(Phase::Posting), AcqRel, Relaxed)
                .is_ok()
    }

    /// Deadline thread, after a claim: the kernel took the note, or refused it. If the operation
    /// has not ended by `again`, it is due one more.
    pub fn posted(&self, operation: Operation, accepted: bool, again: u64) {
        if accepted {
            self.posted.store(self.posted.load(Relaxed) + 1, Relaxed);
        }
        // A thread that takes this for the deadline of the armed operation cannot claim it any
        // more.
        self.deadline.store(again, Relaxed);
        // Release: who sees Fired sees the count and the moment, and so does the owner before it
        // arms again.
        self.word.store(operation.word(Phase::Fired), Release);
    }
}
