//! The ring of notes: what handlers put in is taken out once, whole, and in the order of each proc; what is not was
//! counted as lost.

use crate::atomic::{Atomic, Place};
use crate::explore::{caught, explore};
use deadline_model::ring::{Cell, Ring};
use deadline_model::slot::Word;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};
use loom::thread;

const CELLS: usize = 2;

/// The ways in which the ring is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutation {
    /// The handler says that the cell is full before it has filled it.
    FilledLate,
    /// The handler says so without ordering.
    FullRelaxed,
    /// The handler claims a position in two steps.
    ClaimInTwoSteps,
    /// The handler takes a full cell for a free one.
    OverwritesFull,
    /// The handler drops a note where another has only been faster.
    DropsWhenLate,
    /// The handler does not count what it drops.
    LostUncounted,
    /// The dispatcher reads turns without ordering.
    TurnReadRelaxed,
    /// The dispatcher frees cells without ordering.
    FreedRelaxed,
}

/// A word of the ring as the dispatcher sees it.
struct Turn {
    word: Atomic,
    mutation: Option<Mutation>,
}

impl Word for Turn {
    fn load(&self, order: Ordering) -> u64 {
        let relaxed = self.mutation == Some(Mutation::TurnReadRelaxed);
        self.word.load(if relaxed { Relaxed } else { order })
    }

    fn store(&self, value: u64, order: Ordering) {
        let relaxed = self.mutation == Some(Mutation::FreedRelaxed);
        self.word.store(value, if relaxed { Relaxed } else { order });
    }

    fn compare_exchange(
        &self,
        old: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        self.word.compare_exchange(old, new, success, failure)
    }
}

struct Program {
    ring: Ring<Turn, UnsafeCell<u64>, CELLS>,
    mutation: Option<Mutation>,
}

impl Program {
    fn new(mutation: Option<Mutation>) -> Arc<Self> {
        let word = || Turn { word: Atomic::new(Place::Word, None), mutation };
        let cell = || Cell { turn: word(), note: UnsafeCell::new(0) };
        let ring = Ring::new(word(), word(), word(), [cell(), cell()]);
        ring.prepare();
        Arc::new(Self { ring, mutation })
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    fn claim(&self, position: u64) -> bool {
        let tail = &self.ring.tail.word;
        if self.is(Mutation::ClaimInTwoSteps) {
            let free = tail.load(Acquire) == position;
            if free {
                tail.store(position + 1, Release);
            }
            return free;
        }
        tail.compare_exchange(position, position + 1, AcqRel, Acquire).is_ok()
    }

    /// What the handler does in assembly, from its label 8 on.
    fn put(&self, note: u64) {
        loop {
            let position = self.ring.tail.word.load(Acquire);
            let cell = &self.ring.cells[position as usize % CELLS];
            let ahead = cell.turn.word.load(Acquire).wrapping_sub(position) as i64;
            let full = ahead < 0 && !self.is(Mutation::OverwritesFull);
            if full || ahead > 0 && self.is(Mutation::DropsWhenLate) {
                return self.drop_note();
            }
            if ahead > 0 || !self.claim(position) {
                continue;
            }
            if self.is(Mutation::FilledLate) {
                cell.turn.word.store(position + 1, Release);
            }
            // SAFETY: this handler has claimed the position of a free cell; the checker sees if that is not enough.
            cell.note.with_mut(|place| unsafe { *place = note });
            let order = if self.is(Mutation::FullRelaxed) { Relaxed } else { Release };
            cell.turn.word.store(position + 1, order);
            return;
        }
    }

    fn drop_note(&self) {
        let lost = &self.ring.lost.word;
        while !self.is(Mutation::LostUncounted) {
            let before = lost.load(Relaxed);
            if lost.compare_exchange(before, before + 1, AcqRel, Relaxed).is_ok() {
                return;
            }
        }
    }

    fn take(&self) -> Option<u64> {
        // SAFETY: the ring calls this while the cell is the dispatcher's; the checker sees if it is not.
        let read = |note: &UnsafeCell<u64>| note.with(|place| unsafe { *place });
        self.ring.take(thread::yield_now, read)
    }
}

/// Procs to each of which so many notes come, while the dispatcher takes; at the end it takes the rest.
fn notes(counts: &'static [u64], mutation: Option<Mutation>) -> impl Fn() + Send + Sync {
    move || {
        let program = Program::new(mutation);
        let handlers: Vec<_> = (1..)
            .zip(counts)
            .map(|(pid, &count)| {
                let program = program.clone();
                thread::spawn(move || (0..count).for_each(|n| program.put(pid * 10 + n)))
            })
            .collect();
        let mut taken: Vec<u64> = program.take().into_iter().collect();
        handlers.into_iter().for_each(|handler| handler.join().unwrap());
        taken.extend(std::iter::from_fn(|| program.take()));
        let lost = program.ring.lost.word.load(Acquire);
        let sent: u64 = counts.iter().sum();
        assert_eq!(taken.len() as u64 + lost, sent, "{taken:?} were taken and {lost} lost");
        for pid in 1..=counts.len() as u64 {
            let own: Vec<_> = taken.iter().filter(|&note| note / 10 == pid).collect();
            assert!(own.is_sorted_by(|a, b| a < b), "{own:?} is not the order of proc {pid}");
        }
        let room = sent <= CELLS as u64;
        assert!(!room || lost == 0, "{lost} were lost although there was room");
    }
}

#[test]
fn one_proc_fills_it() {
    let runs = explore("notes of one proc", None, notes(&[4], None));
    assert!(runs >= 100, "only {runs} interleavings were tried");
}

#[test]
fn two_procs_with_room() {
    let runs = explore("notes of two procs", Some(4), notes(&[1, 1], None));
    assert!(runs >= 1_000, "only {runs} interleavings were tried");
}

#[test]
fn two_procs_fill_it() {
    let runs = explore("more notes than cells", Some(2), notes(&[2, 2], None));
    assert!(runs >= 2_000, "only {runs} interleavings were tried");
}

#[test]
fn three_procs() {
    let runs = explore("notes of three procs", Some(2), notes(&[1, 1, 1], None));
    assert!(runs >= 1_000, "only {runs} interleavings were tried");
}

macro_rules! broken {
    ($($name:ident: $mutation:expr, $counts:expr, $words:expr;)*) => {
        $(
            #[test]
            fn $name() {
                let mutation: Mutation = $mutation;
                caught(stringify!($name), Some(3), $words, notes(&$counts, Some(mutation)));
            }
        )*
    };
}

/// The checker's words for an access that nothing orders.
const RACE: &str = "Causality violation";
/// And for a dispatcher that waits for a turn that never comes.
const HANGS: &str = "maximum number of branches";

broken! {
    filled_late: Mutation::FilledLate, [1], RACE;
    full_relaxed: Mutation::FullRelaxed, [1], RACE;
    ring_claim_in_two_steps: Mutation::ClaimInTwoSteps, [1, 1], RACE;
    overwrites_full: Mutation::OverwritesFull, [3], HANGS;
    drops_when_late: Mutation::DropsWhenLate, [1, 1], "although there was room";
    lost_uncounted: Mutation::LostUncounted, [4], "were taken";
    turn_read_relaxed: Mutation::TurnReadRelaxed, [1], RACE;
    freed_relaxed: Mutation::FreedRelaxed, [4], RACE;
}
