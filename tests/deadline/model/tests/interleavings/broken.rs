//! The protocol broken in one place: the checker must see each.

use crate::explore::{Bound, caught};
use crate::mutation::Mutation::{self, *};
use crate::scenarios::{self, Model};

const BOUND: Bound = Some(3);

/// The checker's words for a model that goes on and on.
const HANGS: &str = "maximum number of branches";

/// One test a mutation: where it shows, and in which words.
macro_rules! broken {
    ($($name:ident: $mutation:expr, $model:expr, $words:expr;)*) => {
        $(
            #[test]
            fn $name() {
                let (mutation, model): (Mutation, Model) = ($mutation, $model);
                caught(stringify!($name), BOUND, $words, move || model(Some(mutation)));
            }
        )*
    };
}

broken! {
    same_number: SameNumber, scenarios::a_longer_timeout, "fired before its time";
    armed_relaxed: ArmedRelaxed, scenarios::a_longer_timeout, "fired before its time";
    claims_any_number: ClaimsAnyNumber, scenarios::a_longer_timeout, HANGS;
    disarm_in_two_steps: DisarmInTwoSteps, scenarios::two_operations, "a note outlived";
    claim_in_two_steps: ClaimInTwoSteps, scenarios::two_operations, "not what happened";
    claimed_twice: ClaimInTwoSteps, scenarios::fired_by_another, "not what happened";
    claim_is_fired: ClaimIsFired, scenarios::two_operations, "is nobody's";
    fired_relaxed: FiredRelaxed, scenarios::two_operations, "is nobody's";
    not_counted: NotCounted, scenarios::two_operations, "is nobody's";
    refused_is_counted: RefusedIsCounted, scenarios::refused, "neither queued nor handled";
    reclaim_in_two_steps: ReclaimInTwoSteps, scenarios::a_swallowed_interrupt, HANGS;
    never_overdue: NeverOverdue, scenarios::a_wait_whose_note_is_taken_away, HANGS;
    no_draining: NoDraining, scenarios::two_operations, "is nobody's";
    drains_in_fired: DrainsInFired, scenarios::a_swallowed_interrupt, "a note outlived";
    drained_at_once: DrainedAtOnce, scenarios::two_operations, "a note outlived";
    gives_up_unasked: GivesUpUnasked, scenarios::two_operations, "is nobody's";
    handles_in_any_phase: HandlesInAnyPhase, scenarios::two_operations, "neither queued nor handled";
    handles_uncounted: HandlesUncounted, scenarios::two_operations, "neither queued nor handled";
    stub_does_not_look: StubDoesNotLook, scenarios::a_wait_ends, HANGS;
    stub_is_not_left: StubIsNotLeft, scenarios::a_wait_ends, HANGS;
    released_early: ReleasedEarly, scenarios::taken_over, "a note is left over";
    numbers_start_anew: NumbersStartAnew, scenarios::taken_over, "not what happened";
    posts_early: PostsEarly, scenarios::a_longer_timeout, "fired before its time";
}
