//! How notes go from the handlers of several procs to the one thread that hands them out, without a
//! lock: a handler may interrupt the holder of any lock. This file makes no system call, so that it
//! is model-checked as it is.
//!
//! `tail` counts the notes put in, `head` those taken out; the note of position p lies in cell p
//! mod `CELLS`, whose `turn` says:
//!
//! | turn | the cell is | who moves it on |
//! |---|---|---|
//! | p | free for position p | the handler that moved `tail` from p |
//! | p + 1 | full with position p | the dispatcher |
//! | p + CELLS | free again, for the next lap | |
//!
//! A handler claims a position by compare-and-swap on `tail`, fills the cell, and stores `turn`
//! last; it is assembly, and on amd64 a later store is never seen before an earlier one. A handler
//! that finds its cell still full has met a full ring: the note is dropped and counted in `lost`,
//! as the kernel drops a sixth one.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::sys::pal::deadline::slot::Word;

/// One note's place.
#[repr(C)]
pub struct Cell<W, N> {
    pub turn: W,
    /// Its owner is whom `turn` names.
    pub note: N,
}

/// The ring, of at least two cells: with one, full and free for the next lap would be the same
/// turn.
#[repr(C)]
pub struct Ring<W, N, const CELLS: usize> {
    pub tail: W,
    /// Notes that found the ring full.
    pub lost: W,
    /// The dispatcher's alone.
    head: W,
    pub cells: [Cell<W, N>; CELLS],
}

impl<W: Word, N, const CELLS: usize> Ring<W, N, CELLS> {
    /// A ring whose words are all 0; it must be prepared.
    pub const fn new(tail: W, lost: W, head: W, cells: [Cell<W, N>; CELLS]) -> Self {
        const { assert!(CELLS > 1) }
        Self { tail, lost, head, cells }
    }

    /// Makes every cell free for its first lap; before the handler is told to use the ring.
    pub fn prepare(&self) {
        for (position, cell) in self.cells.iter().enumerate() {
            cell.turn.store(position as u64, Release);
        }
    }

    /// Dispatcher: reads the next note, if one is there. A handler that has claimed the position
    /// and not filled it yet is waited for: it runs on another proc.
    pub fn take<T>(&self, wait: impl Fn(), read: impl FnOnce(&N) -> T) -> Option<T> {
        let head = self.head.load(Relaxed);
        if head == self.tail.load(Acquire) {
            return None;
        }
        let cell = &self.cells[head as usize % CELLS];
        // Acquire: the note is there when its turn is.
        while cell.turn.load(Acquire) != head + 1 {
            wait();
        }
        let note = read(&cell.note);
        self.head.store(head + 1, Relaxed);
        // Release: the note has been read when the cell is free.
        cell.turn.store(head + CELLS as u64, Release);
        Some(note)
    }
}
