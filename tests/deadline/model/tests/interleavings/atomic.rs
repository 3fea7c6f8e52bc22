//! The checker's atomics behind the protocol's words, and the broken variants of what is done to them.
//!
//! The checker remembers the last access to an object only. A load that another load of the same word follows is
//! forgotten, and a store that comes behind both is never tried before the first. So each access here first takes the
//! word's turn, a counter that everybody changes: it orders nothing in memory, and makes the checker try every order.

use crate::mutation::Mutation;
use deadline_model::schedule::Fenced;
use deadline_model::slot::{PHASE_BITS, Phase, Word};
use loom::sync::atomic::{AtomicU64, Ordering, fence};

/// Which word of a slot it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Word,
    Deadline,
    Posted,
    Handled,
}

/// A word of the protocol.
pub struct Atomic {
    value: AtomicU64,
    turn: AtomicU64,
    place: Place,
    mutation: Option<Mutation>,
}

const PHASE: u64 = (1 << PHASE_BITS) - 1;

fn phase(word: u64) -> u64 {
    word & PHASE
}

impl Atomic {
    /// Holds 0.
    pub fn new(place: Place, mutation: Option<Mutation>) -> Self {
        Self { value: AtomicU64::new(0), turn: AtomicU64::new(0), place, mutation }
    }

    fn take_turn(&self) {
        self.turn.fetch_add(1, Ordering::Relaxed);
    }

    /// True for the word of a slot that is broken in this way.
    fn breaks(&self, mutation: Mutation) -> bool {
        self.place == Place::Word && self.mutation == Some(mutation)
    }

    /// Compares and exchanges, but not at once.
    fn in_two_steps(&self, old: u64, new: u64) -> Result<u64, u64> {
        let seen = self.value.load(Ordering::Acquire);
        if seen != old {
            return Err(seen);
        }
        self.take_turn();
        self.value.store(new, Ordering::Release);
        Ok(seen)
    }
}

impl Word for Atomic {
    fn load(&self, order: Ordering) -> u64 {
        self.take_turn();
        let value = self.value.load(order);
        // Only arming reads its own word relaxed.
        if self.breaks(Mutation::SameNumber) && order == Ordering::Relaxed {
            return phase(value);
        }
        value
    }

    fn store(&self, value: u64, order: Ordering) {
        self.take_turn();
        let armed = phase(value) == Phase::Armed as u64;
        let fired = phase(value) == Phase::Fired as u64;
        let relaxed = self.breaks(Mutation::ArmedRelaxed) && armed
            || self.breaks(Mutation::FiredRelaxed) && fired;
        self.value.store(value, if relaxed { Ordering::Relaxed } else { order });
    }

    fn compare_exchange(
        &self,
        old: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        use Phase::{Armed, Draining, Fired, Idle, Posting};
        self.take_turn();
        let is = |from: Phase, to: Phase| phase(old) == from as u64 && phase(new) == to as u64;
        if self.breaks(Mutation::DisarmInTwoSteps) && is(Armed, Idle)
            || self.breaks(Mutation::ClaimInTwoSteps) && is(Armed, Posting)
            || self.breaks(Mutation::ReclaimInTwoSteps) && is(Fired, Posting)
        {
            return self.in_two_steps(old, new);
        }
        let (mut old, mut new) = (old, new);
        if self.breaks(Mutation::ClaimsAnyNumber) && is(Armed, Posting) {
            let seen = self.value.load(Ordering::Acquire);
            if phase(seen) == Armed as u64 {
                (old, new) = (seen, seen - Armed as u64 + Posting as u64);
            }
        }
        if self.breaks(Mutation::ClaimIsFired) && is(Armed, Posting) {
            new += Fired as u64 - Posting as u64;
        }
        if self.breaks(Mutation::NoDraining) && is(Fired, Draining) {
            new -= Draining as u64;
        }
        if self.breaks(Mutation::DrainsInFired) && is(Fired, Draining) {
            new = old;
        }
        self.value.compare_exchange(old, new, success, failure)
    }
}

impl Fenced for Atomic {
    fn fence() {
        fence(Ordering::SeqCst);
    }
}
