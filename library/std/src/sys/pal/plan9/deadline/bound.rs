//! What bounds a call: how long it may wait, and who may change that while it waits.

use super::slot::Operation;
use crate::sys::thread::control::ThreadControl;

/// The moment at which a call gives up, in nanoseconds of [`clock::now`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(pub u64);

/// How long a call may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    Forever,
    Until(Deadline),
    Not,
}

/// What bounds a call.
pub trait Bound {
    /// How long it may wait, as things are now, and the version of that answer.
    fn wait(&self) -> (Wait, u64);
    /// The call is armed: makes it known. False if the answer of that version is no longer true.
    fn enter(&self, thread: &'static ThreadControl, operation: Operation, version: u64) -> bool;
    /// It has ended.
    fn leave(&self);
    /// Calls are to end at once.
    fn is_shut(&self) -> bool;
}

/// A bound that nobody changes.
impl Bound for Option<Deadline> {
    fn wait(&self) -> (Wait, u64) {
        (self.map_or(Wait::Forever, Wait::Until), 0)
    }

    fn enter(&self, _: &'static ThreadControl, _: Operation, _: u64) -> bool {
        true
    }

    fn leave(&self) {}

    fn is_shut(&self) -> bool {
        false
    }
}
