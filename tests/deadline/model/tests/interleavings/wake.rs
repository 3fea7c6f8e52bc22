//! Waking the deadline thread: it never stays asleep past a deadline that it has not seen, in whichever of its two ways
//! it waits.

use crate::atomic::{Atomic, Place};
use crate::explore::{caught, explore};
use deadline_model::schedule::{By, Fenced, Wake};
use deadline_model::slot::{Slot, Word};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use loom::thread;
use std::sync::atomic::Ordering;

/// Later than every deadline; even, as what is published is.
const NEVER: u64 = u64::MAX - 1;

/// The ways in which the waking is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutation {
    /// The fences are left out.
    NoFence,
    /// The thread does not look again before it waits.
    NoSecondLook,
    /// The owner asks before it arms.
    AsksFirst,
    /// The thread publishes when it has looked for the last time.
    PublishesLast,
    /// The owner releases the semaphore, however the thread waits.
    ReleasesAlways,
    /// The owner interrupts the thread in the way that it waited in before.
    WakesAsBefore,
    /// The thread publishes one way and waits in the other.
    WaitsOtherwise,
    /// The kernel forgets an interrupt that comes before the sleep.
    NotSticky,
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

/// What the kernel keeps of the deadline thread: the semaphore's count, an interrupt that has not ended a wait yet, and
/// whether the thread sleeps.
struct Kernel {
    semaphore: AtomicU64,
    interrupt: AtomicBool,
    asleep: AtomicBool,
}

impl Kernel {
    /// A wait begins: whether what was left over ends it at once. That is spent then.
    fn begin_wait(&self, by: By) -> bool {
        self.asleep.store(by == By::Sleep, SeqCst);
        let ended = self.interrupt.swap(false, SeqCst)
            || by == By::Semaphore
                && self
                    .semaphore
                    .fetch_update(SeqCst, SeqCst, |count| count.checked_sub(1))
                    .is_ok();
        if ended {
            self.asleep.store(false, SeqCst);
        }
        ended
    }

    /// Whether a wait that goes on is to end.
    fn is_woken(&self, by: By) -> bool {
        self.interrupt.load(SeqCst) || by == By::Semaphore && self.semaphore.load(SeqCst) > 0
    }
}

struct Program<W> {
    wake: Wake<W>,
    slots: Vec<Slot<Atomic>>,
    kernel: Kernel,
    mutation: Option<Mutation>,
}

impl<W: Fenced> Program<W> {
    fn new(word: W, slots: usize, mutation: Option<Mutation>) -> Self {
        let word_of = |place| Atomic::new(place, None);
        let slot = || {
            Slot::new(
                word_of(Place::Word),
                word_of(Place::Deadline),
                word_of(Place::Posted),
                word_of(Place::Handled),
            )
        };
        Self {
            wake: Wake::new(word),
            slots: (0..slots).map(|_| slot()).collect(),
            kernel: Kernel {
                semaphore: AtomicU64::new(0),
                interrupt: AtomicBool::new(false),
                asleep: AtomicBool::new(false),
            },
            mutation,
        }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    fn earliest(&self) -> u64 {
        let armed = self.slots.iter().filter_map(|slot| slot.armed());
        armed.map(|(_, deadline)| deadline).min().unwrap_or(NEVER)
    }

    /// An owner's operation, up to the stub.
    fn start(&self, slot: usize, deadline: u64) {
        let before = self.wake.is_late(deadline).filter(|_| self.is(Mutation::AsksFirst));
        self.slots[slot].arm(deadline);
        let late = if self.is(Mutation::AsksFirst) { before } else { self.wake.is_late(deadline) };
        let way = match late {
            Some(_) if self.is(Mutation::ReleasesAlways) => Some(By::Semaphore),
            Some(By::Sleep) if self.is(Mutation::WakesAsBefore) => Some(By::Semaphore),
            Some(By::Semaphore) if self.is(Mutation::WakesAsBefore) => Some(By::Sleep),
            way => way,
        };
        match way {
            Some(By::Semaphore) => drop(self.kernel.semaphore.fetch_add(1, SeqCst)),
            Some(By::Sleep) if self.is(Mutation::NotSticky) => {
                self.kernel.interrupt.fetch_or(self.kernel.asleep.load(SeqCst), SeqCst);
            }
            Some(By::Sleep) => drop(self.kernel.interrupt.fetch_or(true, SeqCst)),
            None => {}
        }
    }

    /// The thread looks, and begins a wait in this way, until the moment that it gives.
    fn fall_asleep(&self, by: By) -> u64 {
        loop {
            self.wake.look();
            let next = self.earliest();
            if self.is(Mutation::PublishesLast) {
                if self.earliest() < next {
                    continue;
                }
                self.wake.wait_until(next, by);
            } else {
                self.wake.wait_until(next, by);
                if !self.is(Mutation::NoSecondLook) && self.earliest() < next {
                    continue;
                }
            }
            if !self.kernel.begin_wait(by) {
                return next;
            }
        }
    }
}

/// What is left over from before: a count on the semaphore, an interrupt.
#[derive(Clone, Copy, Debug, Default)]
struct Left {
    count: u64,
    interrupt: bool,
}

/// Owners with these deadlines, and a thread that waits in these ways, one after the other: a wait but the last is over
/// by its own time.
fn waits<W>(
    word: fn() -> W,
    deadlines: &'static [u64],
    ways: &'static [By],
    left: Left,
    mutation: Option<Mutation>,
) -> impl Fn() + Send + Sync
where
    W: Fenced + Send + Sync + 'static,
{
    move || {
        let program = Program::new(word(), deadlines.len(), mutation);
        program.kernel.semaphore.store(left.count, SeqCst);
        program.kernel.interrupt.store(left.interrupt, SeqCst);
        let program = Arc::new(program);
        let owners: Vec<_> = deadlines
            .iter()
            .enumerate()
            .map(|(slot, &deadline)| {
                let program = program.clone();
                thread::spawn(move || program.start(slot, deadline))
            })
            .collect();
        let mut until = NEVER;
        for &by in ways {
            until = program.fall_asleep(by);
        }
        owners.into_iter().for_each(|owner| owner.join().unwrap());
        let mut way = *ways.last().unwrap();
        if mutation == Some(Mutation::WaitsOtherwise) {
            way = if way == By::Sleep { By::Semaphore } else { By::Sleep };
        }
        let woken = program.kernel.is_woken(way);
        let earliest = *deadlines.iter().min().unwrap();
        assert!(woken || until <= earliest, "it waits until {until}, past {earliest}");
    }
}

fn word() -> Atomic {
    Atomic::new(Place::Deadline, None)
}

const SEMAPHORE: &[By] = &[By::Semaphore];
const SLEEP: &[By] = &[By::Sleep];
const BOTH: &[By] = &[By::Semaphore, By::Sleep];
const BACK: &[By] = &[By::Sleep, By::Semaphore];
const NOTHING: Left = Left { count: 0, interrupt: false };

#[test]
fn one_owner() {
    for way in [SEMAPHORE, SLEEP] {
        let runs = explore("waking for one owner", None, waits(word, &[10], way, NOTHING, None));
        assert!(runs >= 5_000, "only {runs} interleavings were tried");
    }
}

#[test]
fn two_owners() {
    for way in [SEMAPHORE, SLEEP] {
        let model = waits(word, &[20, 10], way, NOTHING, None);
        let runs = explore("waking for two owners", Some(3), model);
        assert!(runs >= 10_000, "only {runs} interleavings were tried");
    }
}

#[test]
fn a_change_of_ways() {
    for ways in [BOTH, BACK] {
        let model = waits(word, &[10], ways, NOTHING, None);
        let runs = explore("waking between two waits", Some(4), model);
        assert!(runs >= 5_000, "only {runs} interleavings were tried");
    }
}

#[test]
fn left_over() {
    for way in [SEMAPHORE, SLEEP] {
        for left in [Left { count: 1, interrupt: false }, Left { count: 1, interrupt: true }] {
            let model = waits(word, &[10], way, left, None);
            let runs = explore("waking with something left over", Some(4), model);
            assert!(runs >= 2_000, "only {runs} interleavings were tried");
        }
    }
}

#[test]
fn broken() {
    use Mutation::*;
    let words = "past 10";
    let unfenced = waits(|| Unfenced(word()), &[10], SEMAPHORE, NOTHING, Some(NoFence));
    caught("no fence", None, words, unfenced);
    for (mutation, ways) in [
        (NoSecondLook, SEMAPHORE),
        (AsksFirst, SEMAPHORE),
        (PublishesLast, SEMAPHORE),
        (NoSecondLook, SLEEP),
        (AsksFirst, BOTH),
        (ReleasesAlways, SLEEP),
        (ReleasesAlways, BOTH),
        (WakesAsBefore, BOTH),
        (WaitsOtherwise, SEMAPHORE),
        (NotSticky, SLEEP),
    ] {
        let model = waits(word, &[10], ways, NOTHING, Some(mutation));
        caught(&format!("{mutation:?}, {ways:?}"), Some(4), words, model);
    }
}
