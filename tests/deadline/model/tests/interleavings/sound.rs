//! The protocol as it is, in every interleaving. A model of which few are tried tells little, so each has a least number.

use crate::explore::{Bound, explore};
use crate::proc::Block;
use crate::scenarios::{self, Model};
use deadline_model::handler::handle;
use deadline_model::slot::Disarm;

fn holds(name: &str, bound: Bound, at_least: usize, model: Model) {
    let runs = explore(name, bound, move || model(None));
    assert!(runs >= at_least, "{name}: only {runs} interleavings were tried");
}

#[test]
fn two_operations() {
    holds("two operations", Some(4), 20_000, scenarios::two_operations);
}

#[test]
fn refused() {
    holds("a note that is refused", None, 500, scenarios::refused);
}

#[test]
fn a_longer_timeout() {
    holds("a longer timeout", Some(4), 15_000, scenarios::a_longer_timeout);
}

#[test]
fn a_wait_ends() {
    holds("a wait", Some(3), 700, scenarios::a_wait_ends);
}

#[test]
fn a_swallowed_interrupt() {
    holds("a swallowed interrupt", Some(2), 4_000, scenarios::a_swallowed_interrupt);
}

#[test]
fn fired_by_another() {
    holds("fired by another", Some(3), 20_000, scenarios::fired_by_another);
}

#[test]
fn taken_over() {
    holds("a block taken over", Some(4), 3_000, scenarios::taken_over);
}

#[test]
fn taken_away() {
    holds("a note taken away", Some(3), 10_000, scenarios::taken_away);
}

#[test]
fn a_wait_whose_note_is_taken_away() {
    let model = scenarios::a_wait_whose_note_is_taken_away;
    holds("a wait whose note is taken away", Some(2), 1_000, model);
}

#[test]
fn two_threads() {
    holds("two threads", Some(4), 30_000, scenarios::two_threads);
}

#[test]
fn two_threads_two_generations() {
    holds("two threads, two generations", Some(2), 30_000, scenarios::two_threads_two_generations);
}

#[test]
fn a_note_of_another_operation_is_not_taken() {
    explore("a forged note", None, || {
        let block = Block::new(None);
        let first = block.slot.arm(10);
        assert!(!handle(&block.slot, first), "a forged note was taken in Armed");
        assert_eq!(block.slot.disarm(first), Disarm::Clean);
        assert!(!block.slot.claim(first), "an operation that is over was claimed");
        let second = block.slot.arm(20);
        assert!(block.slot.claim(second));
        assert!(!handle(&block.slot, first), "a note of the operation before was taken");
        assert!(handle(&block.slot, second));
    });
}
