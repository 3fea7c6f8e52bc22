//! Notes on their way from the handler to ordinary code.
//!
//! Handlers of several procs put notes in at once, in assembly, and the dispatcher takes them out. `tail` counts the
//! notes put in, `head` those taken out; the note of position p lies in cell p mod [`CELLS`], whose `turn` says:
//!
//! | turn      | the cell is                                  | who moves it on                       |
//! |-----------|----------------------------------------------|---------------------------------------|
//! | p         | free for position p                          | the handler that moved `tail` from p  |
//! | p + 1     | full with position p                         | the dispatcher                        |
//! | p + CELLS | free again, for the next lap                 |                                       |
//!
//! A handler claims a position by compare-and-swap on `tail`, fills the cell, and stores `turn` last; on amd64 a later
//! store is never seen before an earlier one. A handler that finds its cell still full has met a full ring: the note is
//! dropped and counted, as the kernel drops a sixth one.

use crate::cell::UnsafeCell;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::atomic::{AtomicI32, AtomicU64};
use plan9_abi::layout::ERRMAX;
use plan9_abi::sys::process;

/// Notes that can be on the way; a power of two.
pub const CELLS: usize = 64;

/// One note's place.
#[repr(C)]
pub struct Cell {
    pub turn: AtomicU64,
    pub pid: UnsafeCell<u64>,
    pub text: UnsafeCell<[u8; ERRMAX]>,
}

/// The ring.
#[repr(C)]
pub struct Ring {
    pub tail: AtomicU64,
    /// Notes that found the ring full.
    pub lost: AtomicU64,
    /// Released for each note put in.
    pub arrived: AtomicI32,
    /// The dispatcher's alone.
    head: AtomicU64,
    pub cells: [Cell; CELLS],
}

// SAFETY: what is not atomic in a cell belongs to whom its turn names.
unsafe impl Sync for Ring {}

shared_static! {
    /// The only one, which the note handler knows by its name.
    pub static RING: Ring = Ring {
        tail: AtomicU64::new(0),
        lost: AtomicU64::new(0),
        arrived: AtomicI32::new(0),
        head: AtomicU64::new(0),
        cells: [const {
            Cell {
                turn: AtomicU64::new(0),
                pid: UnsafeCell::new(0),
                text: UnsafeCell::new([0; ERRMAX]),
            }
        }; CELLS],
    };
    "__rust_plan9_notes"
}

/// A note as it came: its text with what follows its NUL, and the proc that it came to.
pub struct Arrived {
    pub text: [u8; ERRMAX],
    pub pid: u32,
}

impl Ring {
    /// Makes every cell free for its first lap; before the handler is told to use the ring.
    pub fn prepare(&self) {
        for (position, cell) in self.cells.iter().enumerate() {
            cell.turn.store(position as u64, Release);
        }
    }

    /// Dispatcher: the next note, if one is there. A handler that has claimed the position and not filled it yet is
    /// waited for: it runs on another proc.
    pub fn take(&self) -> Option<Arrived> {
        let head = self.head.load(Relaxed);
        if head == self.tail.load(Acquire) {
            return None;
        }
        let cell = &self.cells[head as usize % CELLS];
        while cell.turn.load(Acquire) != head + 1 {
            let _ = process::sleep(0);
        }
        // SAFETY: full with this position: the dispatcher's until it says otherwise.
        let note = unsafe { Arrived { text: *cell.text.get(), pid: *cell.pid.get() as u32 } };
        self.head.store(head + 1, Relaxed);
        cell.turn.store(head + CELLS as u64, Release);
        Some(note)
    }
}

/// Whether the note came to the proc that the program's pid names.
pub fn reached_main(note: &Arrived) -> bool {
    note.pid == super::super::thread_control::MAIN.pid.load(Relaxed)
}
