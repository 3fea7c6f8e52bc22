//! The note handler's part of the slot's protocol in Rust, for the checker: in std it is assembly
//! (`library/std/src/sys/pal/plan9/notes/mod.rs`), which touches no vector register.

use crate::slot::{Operation, PHASE_BITS, Phase, Slot, Word};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// On the owner's proc: counts a note that names `operation`. False: it is not this slot's, and goes the way of any
/// other note.
pub fn handle<W: Word>(slot: &Slot<W>, operation: Operation) -> bool {
    let word = slot.word.load(Acquire);
    let phase = word & ((1 << PHASE_BITS) - 1);
    let ours = word >> PHASE_BITS == operation.number() && phase >= Phase::Posting as u64;
    if ours {
        slot.handled.store(slot.handled.load(Relaxed) + 1, Release);
    }
    ours
}
