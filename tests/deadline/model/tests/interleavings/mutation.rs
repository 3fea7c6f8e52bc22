//! The ways in which the protocol is broken on purpose, one a transition or an ordering.

/// One of them; `None` where a model takes an `Option` is the protocol as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// Idle to Armed: the number is always 1.
    SameNumber,
    /// Idle to Armed: the word is stored relaxed.
    ArmedRelaxed,
    /// Idle to Armed: a note may be posted for whatever is armed, not for the operation that was looked at.
    ClaimsAnyNumber,
    /// Armed to Idle: read and written in two steps.
    DisarmInTwoSteps,
    /// Armed to Posting: read and written in two steps.
    ClaimInTwoSteps,
    /// Armed to Posting: straight to Fired, the note is posted later.
    ClaimIsFired,
    /// Posting to Fired: before the note is counted.
    FiredRelaxed,
    /// Posting to Fired: the note is not counted.
    NotCounted,
    /// Posting to Fired: a note that was refused is counted.
    RefusedIsCounted,
    /// Fired to Posting: read and written in two steps.
    ReclaimInTwoSteps,
    /// Fired to Posting: never while a note is still to be handled.
    NeverOverdue,
    /// Fired to Draining: the owner goes straight to Idle.
    NoDraining,
    /// Fired to Draining: the owner leaves it Fired while it waits.
    DrainsInFired,
    /// Draining to Idle: without waiting for the notes.
    DrainedAtOnce,
    /// Draining to Idle: given up without a question whether a note is queued.
    GivesUpUnasked,
    /// The handler counts a note whatever the slot does.
    HandlesInAnyPhase,
    /// The handler does not count.
    HandlesUncounted,
    /// The stub enters the kernel without a look at the word.
    StubDoesNotLook,
    /// The handler leaves a proc in the stub that has looked already.
    StubIsNotLeft,
    /// A thread that ends gives its block away before its last operation is over.
    ReleasedEarly,
    /// A thread that takes over a block starts its numbers anew.
    NumbersStartAnew,
    /// The deadline thread posts whether the deadline has passed or not.
    PostsEarly,
}
