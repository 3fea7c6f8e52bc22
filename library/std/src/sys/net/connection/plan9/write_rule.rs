//! When a stream may be written to so that a note can always end the wait, and what an interrupted
//! write took.
//!
//! The kernel queues a piece first and waits for room afterwards, so an interrupted piece has been
//! taken whole; and a queue that holds more than twice its limit makes writers wait where no note
//! reaches. Both follow from counting allocated space, which no file shows (`port/qio.c:qwrite`,
//! `qbwrite`), so a stream keeps its own account: an upper bound of the space of the pieces
//! interrupted since a write last ran to its end. While that stays within the limit, the queue
//! holds at most twice its limit and every wait can be broken.

use plan9_abi::queue::{MAX_ATOMIC, block_space_bound};

/// The bytes of the largest piece while only the smallest limit is known, 65,535.
pub const PIECE: usize = 48 << 10;
/// The bytes of the largest piece where the limit is known to hold it: one piece of the kernel's
/// own.
pub const LARGE_PIECE: usize = MAX_ATOMIC;

/// What a writer does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write up to so many bytes. Interrupted, they were all taken.
    Data(usize),
    /// Write nothing, which waits for room. Interrupted, nothing was taken.
    Empty,
    /// Wait until `status` says that the queue is empty, then do as after [`WriteRule::drained`].
    Drain,
}

/// The account of one stream, whose writers take turns.
#[derive(Clone, Copy, Debug)]
pub struct WriteRule {
    limit: u32,
    /// Upper bound of the space of interrupted pieces, in bytes.
    interrupted: u64,
    /// An empty write is due before data, whatever the account says.
    full: bool,
}

impl WriteRule {
    /// The account of a fresh conversation whose transmit queue has `limit` bytes.
    pub const fn new(limit: u32) -> Self {
        Self { limit, interrupted: 0, full: false }
    }

    /// What to do before the next data can be reported as taken.
    pub fn next(&self) -> Step {
        if self.interrupted > u64::from(self.limit) {
            Step::Drain
        } else if self.full {
            Step::Empty
        } else if block_space_bound(LARGE_PIECE as u32) <= self.limit {
            Step::Data(LARGE_PIECE)
        } else {
            Step::Data(PIECE)
        }
    }

    /// A write of any size ran to its end: the queue is within its limit.
    pub fn completed(&mut self) {
        self.interrupted = 0;
        self.full = false;
    }

    /// A write of `count` bytes, at most [`LARGE_PIECE`] and 0 for an empty one, was interrupted:
    /// it is in the queue.
    pub fn interrupted(&mut self, count: usize) {
        self.interrupted += u64::from(block_space_bound(count as u32));
        self.full = true;
    }

    /// The queue was seen empty. An empty write is still due before data: on a conversation inside
    /// the machine the data stands in the peer's queue.
    pub fn drained(&mut self) {
        self.interrupted = 0;
    }
}
