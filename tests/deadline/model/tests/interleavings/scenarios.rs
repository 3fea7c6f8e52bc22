//! The models: who does what at the same time. Each asserts that what the owners were told is what happened.

use crate::mutation::Mutation;
use crate::proc::{Block, Call};
use deadline_model::slot::{Disarm, Operation, Slot, Word};
use loom::thread;

/// A clock that is past every deadline.
const LATE: u64 = u64::MAX;

/// One model, whole or broken.
pub type Model = fn(Option<Mutation>);

fn operation(number: u64) -> Operation {
    Operation::from_number(number)
}

/// Two operations of one thread, the second re-armed in the slot of the first, and a deadline thread that looks twice:
/// arm, fire, handle, disarm, fire again, re-arm.
pub fn two_operations(mutation: Option<Mutation>) {
    let block = Block::new(mutation);
    let owner = block.clone();
    let owner = thread::spawn(move || {
        [owner.operate(0, 10, Call::Ready), owner.operate(0, 20, Call::Ready)]
    });
    let mut fired = [false; 2];
    for _ in 0..2 {
        if let Some(operation) = block.look(LATE) {
            fired[operation.number() as usize - 1] = true;
        }
    }
    assert_eq!(owner.join().unwrap(), fired, "what the owner was told is not what happened");
    block.assert_quiet();
}

/// The kernel refuses the note, as it does behind five others.
pub fn refused(mutation: Option<Mutation>) {
    let block = Block::new(mutation);
    let owner = block.clone();
    let owner = thread::spawn(move || owner.operate(0, 10, Call::Ready));
    let seen = block.slot.armed();
    let fired = seen.is_some_and(|(operation, _)| block.slot.claim(operation));
    if let Some((operation, _)) = seen.filter(|_| fired) {
        block.post(operation, true);
    }
    assert_eq!(owner.join().unwrap(), fired, "what the owner was told is not what happened");
    block.assert_quiet();
}

/// The timeout becomes longer: an operation whose deadline has passed, then one whose deadline has not. The thread may
/// have looked at the first when the second is armed.
pub fn a_longer_timeout(mutation: Option<Mutation>) {
    let block = Block::new(mutation);
    let owner = block.clone();
    let owner = thread::spawn(move || {
        owner.operate(0, 10, Call::Ready);
        owner.operate(0, 20, Call::Ready)
    });
    for _ in 0..2 {
        let fired = block.look(15);
        assert!(fired.is_none_or(|fired| fired == operation(1)), "fired before its time");
    }
    assert!(!owner.join().unwrap(), "fired before its time");
    block.assert_quiet();
}

/// Calls that nothing but their deadline ends: a note that comes too early for the kernel must not be lost. The first
/// look is at a quiet slot or an armed one.
fn ends(mutation: Option<Mutation>, call: Call) {
    let block = Block::new(mutation);
    let owner = block.clone();
    let owner = thread::spawn(move || owner.operate(0, 10, call));
    // It looks again and again, as the thread does while a deadline is armed or fired.
    while block.slot.armed().is_none() && block.slot.fired().is_none() {
        thread::yield_now();
    }
    let looks = if call == Call::WaitsTwice { 3 } else { 1 };
    for _ in 0..looks {
        block.look(LATE);
        thread::yield_now();
    }
    if call == Call::WaitsTwice {
        while block.slot.fired().is_some() {
            block.look(LATE);
            thread::yield_now();
        }
    }
    assert!(owner.join().unwrap(), "it ended without its deadline");
    block.assert_quiet();
}

/// One interrupt ends the wait.
pub fn a_wait_ends(mutation: Option<Mutation>) {
    ends(mutation, Call::Waits);
}

/// The kernel swallows the first interrupt: the thread posts again.
pub fn a_swallowed_interrupt(mutation: Option<Mutation>) {
    ends(mutation, Call::WaitsTwice);
}

/// The deadline thread and another thread, which has changed the timeout or shut the stream, both fire the first of two
/// operations: one of them does.
pub fn fired_by_another(mutation: Option<Mutation>) {
    let block = Block::new(mutation);
    let owner = block.clone();
    let owner = thread::spawn(move || {
        [owner.operate(0, 10, Call::Ready), owner.operate(0, 20, Call::Ready)]
    });
    let other = block.clone();
    let other = thread::spawn(move || {
        let fired = other.slot.claim(operation(1));
        if fired {
            other.post(operation(1), false);
        }
        fired
    });
    let fired = block.look(15);
    assert!(fired.is_none_or(|fired| fired == operation(1)), "fired before its time");
    let by_another = other.join().unwrap();
    assert!(!by_another || fired.is_none(), "one operation was claimed twice");
    let fired = [by_another || fired.is_some(), false];
    assert_eq!(owner.join().unwrap(), fired, "what the owner was told is not what happened");
    block.assert_quiet();
}

/// A thread ends, and a new one takes its block over, with a deadline that has not passed. Whoever still holds the
/// number of the first's operation fires nothing.
pub fn taken_over(mutation: Option<Mutation>) {
    let block = Block::new(mutation);
    let first = block.clone();
    let first = thread::spawn(move || {
        if first.mutation == Some(Mutation::ReleasedEarly) {
            let operation = first.slot.arm(10);
            let clean = first.slot.disarm(operation) == Disarm::Clean;
            first.release();
            return !clean;
        }
        let fired = first.operate(0, 10, Call::Ready);
        first.release();
        fired
    });
    let second = block.clone();
    let second = thread::spawn(move || {
        second.take_over(1);
        if second.mutation == Some(Mutation::NumbersStartAnew) {
            start_anew(&second.slot);
        }
        second.operate(1, 20, Call::Ready)
    });
    // With a number that was looked up while the first thread lived, as a shutdown of its stream does.
    let fired = block.slot.claim(operation(1));
    if fired {
        block.post(operation(1), false);
    }
    assert_eq!(first.join().unwrap(), fired, "what the first was told is not what happened");
    assert!(!second.join().unwrap(), "the second was fired by the number of the first");
    block.assert_quiet();
}

/// The word of a fresh block.
fn start_anew(slot: &Slot<crate::atomic::Atomic>) {
    slot.word.store(0, loom::sync::atomic::Ordering::Release);
}

/// Somebody takes a note away before it is delivered: the operation ends all the same, and the next has its own.
pub fn taken_away(mutation: Option<Mutation>) {
    let block = Block::new(mutation);
    let owner = block.clone();
    let owner = thread::spawn(move || {
        [owner.operate(0, 10, Call::Ready), owner.operate(0, 20, Call::Ready)]
    });
    let thief = block.clone();
    let thief = thread::spawn(move || thief.steal(0));
    let mut fired = [false; 2];
    for _ in 0..2 {
        if let Some(operation) = block.look(LATE) {
            fired[operation.number() as usize - 1] = true;
        }
    }
    thief.join().unwrap();
    assert_eq!(owner.join().unwrap(), fired, "what the owner was told is not what happened");
    block.assert_quiet();
}

/// Somebody takes the note of a wait away, with the interrupt: another ends it.
pub fn a_wait_whose_note_is_taken_away(mutation: Option<Mutation>) {
    let block = Block::new(mutation);
    let owner = block.clone();
    let owner = thread::spawn(move || owner.operate(0, 10, Call::Waits));
    let thief = block.clone();
    let thief = thread::spawn(move || thief.steal(0));
    while block.slot.armed().is_none() && block.slot.fired().is_none() {
        thread::yield_now();
    }
    block.look(LATE);
    thief.join().unwrap();
    while block.slot.fired().is_some() {
        block.look(LATE);
        thread::yield_now();
    }
    assert!(owner.join().unwrap(), "it ended without its deadline");
    block.assert_quiet();
}

/// Two threads with a slot each, and one deadline thread that walks both.
pub fn two_threads(mutation: Option<Mutation>) {
    let blocks = [Block::new(mutation), Block::new(mutation)];
    let owners =
        blocks.clone().map(|block| thread::spawn(move || block.operate(0, 10, Call::Ready)));
    let fired = blocks.each_ref().map(|block| block.look(LATE).is_some());
    let told = owners.map(|owner| owner.join().unwrap());
    assert_eq!(told, fired, "what the owners were told is not what happened");
    blocks.iter().for_each(|block| block.assert_quiet());
}

/// Two threads of two operations each, whose blocks live on: the second operations are a second generation.
pub fn two_threads_two_generations(mutation: Option<Mutation>) {
    let blocks = [Block::new(mutation), Block::new(mutation)];
    let owners = blocks.clone().map(|block| {
        thread::spawn(move || {
            [block.operate(0, 10, Call::Ready), block.operate(0, 20, Call::Ready)]
        })
    });
    let mut fired = [[false; 2]; 2];
    for _ in 0..2 {
        for (block, fired) in blocks.iter().zip(&mut fired) {
            if let Some(operation) = block.look(LATE) {
                fired[operation.number() as usize - 1] = true;
            }
        }
    }
    let told = owners.map(|owner| owner.join().unwrap());
    assert_eq!(told, fired, "what the owners were told is not what happened");
    blocks.iter().for_each(|block| block.assert_quiet());
}
