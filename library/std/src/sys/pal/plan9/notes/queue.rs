//! The program's one [`Ring`] of notes, which the note handler fills by these names, and its
//! semaphore.

use plan9_abi::layout::ERRMAX;
use plan9_abi::sys::{process, sync};

use super::ring::{Cell, Ring};
use crate::cell::UnsafeCell;
use crate::sync::atomic::Ordering::{Relaxed, SeqCst};
use crate::sync::atomic::{AtomicI32, AtomicU32, AtomicU64};
use crate::sys::thread::control::MAIN;

/// Notes that can be on the way; a power of two.
pub const CELLS: usize = 64;

/// A note as it came: its text with what follows its NUL, and the proc that it came to.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Arrived {
    pub pid: u64,
    pub text: [u8; ERRMAX],
}

/// A note in its cell.
pub struct Place(UnsafeCell<Arrived>);

// SAFETY: a place belongs to whom its cell's turn names.
unsafe impl Sync for Place {}

pub type Notes = Ring<AtomicU64, Place, CELLS>;

shared_static! {
    /// The only one.
    pub static RING: Notes = Ring::new(
        AtomicU64::new(0),
        AtomicU64::new(0),
        AtomicU64::new(0),
        [const {
            let nothing = Arrived { pid: 0, text: [0; ERRMAX] };
            Cell { turn: AtomicU64::new(0), note: Place(UnsafeCell::new(nothing)) }
        }; CELLS],
    );
    "__rust_plan9_notes"
}

shared_static! {
    /// How many watch notes; while there are none the handler ends the program itself.
    pub static WATCHERS: AtomicU32 = AtomicU32::new(0);
    "__rust_plan9_note_watchers"
}

shared_static! {
    /// Released for each note put in.
    pub static ARRIVED: AtomicI32 = AtomicI32::new(0);
    "__rust_plan9_notes_arrived"
}

/// Dispatcher: the next note, if one is there.
pub fn take() -> Option<Arrived> {
    let wait = || {
        let _ = process::sleep(0);
    };
    // SAFETY: the ring calls this while the place is the dispatcher's.
    RING.take(wait, |place| unsafe { *place.0.get() })
}

/// Dispatcher: waits until more notes may be there.
pub fn wait() {
    // More may be released than are left: then it looks once more for nothing.
    let _ = sync::semacquire(&ARRIVED, true);
}

/// Notes that came faster than they could be handed out.
pub fn lost() -> u64 {
    RING.lost.load(SeqCst)
}

/// Notes that have come so far, handed out or lost. Those of the caller's own proc are all counted:
/// its handler has run before it goes on.
pub fn count() -> u64 {
    RING.tail.load(Relaxed).wrapping_add(RING.lost.load(Relaxed))
}

/// Whether the note came to the proc that the program's pid names.
pub fn reached_main(note: &Arrived) -> bool {
    note.pid == MAIN.pid.load(Relaxed).into()
}
