//! Waking the deadline thread: it never falls asleep on a deadline that it has not seen.

use crate::atomic::{Atomic, Place};
use crate::explore::{caught, explore};
use deadline_model::slot::{Slot, Word};
use deadline_model::wake::{Fenced, Wake};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

/// Later than every deadline.
const NEVER: u64 = u64::MAX;

/// The ways in which the waking is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutation {
    /// The fences are left out.
    NoFence,
    /// The thread does not look again before it sleeps.
    NoSecondLook,
    /// The owner asks before it arms.
    AsksFirst,
    /// The thread publishes when it has looked for the last time.
    PublishesLast,
}

/// A word whose fence does nothing.
struct Unfenced(Atomic);

impl Word for Unfenced {
    fn load(&self, order: Ordering) -> u64 {
        self.0.load(order)
    }

    fn store(&self, value: u64, order: Ordering) {
        self.0.store(value, order);
    }

    fn compare_exchange(&self, _: u64, _: u64, _: Ordering, _: Ordering) -> Result<u64, u64> {
        unreachable!("the moment is never exchanged")
    }
}

impl Fenced for Unfenced {
    fn fence() {}
}

struct Program<W> {
    wake: Wake<W>,
    slots: Vec<Slot<Atomic>>,
    semaphore: AtomicU64,
}

impl<W: Fenced> Program<W> {
    fn new(word: W, slots: usize) -> Arc<Self> {
        let word_of = |place| Atomic::new(place, None);
        let slot = || {
            Slot::new(
                word_of(Place::Word),
                word_of(Place::Deadline),
                word_of(Place::Posted),
                word_of(Place::Handled),
            )
        };
        Arc::new(Self {
            wake: Wake::new(word),
            slots: (0..slots).map(|_| slot()).collect(),
            semaphore: AtomicU64::new(0),
        })
    }

    fn earliest(&self) -> u64 {
        let armed = self.slots.iter().filter_map(|slot| slot.armed());
        armed.map(|(_, deadline)| deadline).min().unwrap_or(NEVER)
    }

    /// An owner's operation, up to the stub.
    fn start(&self, slot: usize, deadline: u64, mutation: Option<Mutation>) {
        let asked = mutation == Some(Mutation::AsksFirst);
        let before = asked && self.wake.is_late(deadline);
        self.slots[slot].arm(deadline);
        if before || !asked && self.wake.is_late(deadline) {
            self.semaphore.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// The thread looks, and falls asleep until the moment that it gives.
    fn fall_asleep(&self, mutation: Option<Mutation>) -> u64 {
        loop {
            self.wake.look();
            let next = self.earliest();
            if mutation == Some(Mutation::PublishesLast) {
                if self.earliest() >= next {
                    self.wake.sleep_until(next);
                    return next;
                }
                continue;
            }
            self.wake.sleep_until(next);
            if mutation == Some(Mutation::NoSecondLook) || self.earliest() >= next {
                return next;
            }
        }
    }
}

fn sleeps<W>(
    word: fn() -> W,
    deadlines: &'static [u64],
    mutation: Option<Mutation>,
) -> impl Fn() + Send + Sync
where
    W: Fenced + Send + Sync + 'static,
{
    move || {
        let program = Program::new(word(), deadlines.len());
        let owners: Vec<_> = deadlines
            .iter()
            .enumerate()
            .map(|(slot, &deadline)| {
                let program = program.clone();
                thread::spawn(move || program.start(slot, deadline, mutation))
            })
            .collect();
        let until = program.fall_asleep(mutation);
        owners.into_iter().for_each(|owner| owner.join().unwrap());
        let woken = program.semaphore.load(Ordering::SeqCst) > 0;
        let earliest = *deadlines.iter().min().unwrap();
        assert!(woken || until <= earliest, "it sleeps until {until}, past {earliest}");
    }
}

fn word() -> Atomic {
    Atomic::new(Place::Deadline, None)
}

#[test]
fn one_owner() {
    let runs = explore("waking for one owner", None, sleeps(word, &[10], None));
    assert!(runs >= 5_000, "only {runs} interleavings were tried");
}

#[test]
fn two_owners() {
    let runs = explore("waking for two owners", Some(3), sleeps(word, &[20, 10], None));
    assert!(runs >= 10_000, "only {runs} interleavings were tried");
}

#[test]
fn broken() {
    let words = "past 10";
    caught("no fence", None, words, sleeps(|| Unfenced(word()), &[10], Some(Mutation::NoFence)));
    for mutation in [Mutation::NoSecondLook, Mutation::AsksFirst, Mutation::PublishesLast] {
        caught(&format!("{mutation:?}"), None, words, sleeps(word, &[10], Some(mutation)));
    }
}
