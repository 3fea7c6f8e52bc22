//! The machine's clock and its alarms: something to wake at a time.

use crate::dev::WaitId;
use std::collections::BTreeSet;
use std::time::Instant;

/// What is to be woken, by time.
pub struct Timers {
    start: Instant,
    /// What the clock was moved ahead, in nanoseconds.
    skipped: u64,
    due: BTreeSet<(u64, WaitId)>,
}

impl Default for Timers {
    fn default() -> Timers {
        Timers { start: Instant::now(), skipped: 0, due: BTreeSet::new() }
    }
}

impl Timers {
    /// Nanoseconds since the machine started.
    pub fn mono_ns(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64 + self.skipped
    }

    /// Moves the clock ahead to `at`, unless it is later already.
    pub fn skip_to(&mut self, at: u64) {
        self.skipped += at.saturating_sub(self.mono_ns());
    }

    /// Wakes `id` once, at `at` nanoseconds on [`Timers::mono_ns`]'s clock.
    pub fn wake_at(&mut self, at: u64, id: WaitId) {
        self.due.insert((at, id));
    }

    /// Forgets a wake.
    pub fn cancel(&mut self, at: u64, id: WaitId) {
        self.due.remove(&(at, id));
    }

    /// The time of the first wake.
    pub fn next(&self) -> Option<u64> {
        self.due.first().map(|&(at, _)| at)
    }

    /// Takes what is due at `now`.
    pub fn take_due(&mut self, now: u64) -> Vec<WaitId> {
        let later = self.due.split_off(&(now + 1, WaitId(0)));
        let due = std::mem::replace(&mut self.due, later);
        due.into_iter().map(|(_, id)| id).collect()
    }
}
