//! A timed wait is ended by one release, and the waiter knows by whose: a waker's, or the deadline thread's.

use crate::atomic::{Atomic, Place};
use crate::explore::{caught, explore};
use deadline_model::timed_wait::TimedWait;
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use loom::sync::{Arc, Mutex};
use loom::thread;

/// The ways in which the protocol is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutation {
    /// The deadline thread does not look at the deadline again under the lock.
    NoSecondLook,
    /// The deadline thread releases although the record was out.
    ReleasesAnyway,
    /// The deadline thread does not say that it was it.
    NotMarked,
    /// A wait begins with the mark of the one before.
    MarkKept,
    /// A wait begins with the deadline of the one before.
    DeadlineKept,
    /// A waiter whose time is over goes without the release that is on its way.
    LeavesRelease,
    /// A waiter whose time is over does not leave the list.
    StaysInList,
}

/// Two lists, for two addresses, with the one thread whose record can be in them.
struct Program {
    lists: [Mutex<bool>; 2],
    record: TimedWait<Atomic>,
    semaphore: AtomicU64,
    /// The owner's last deadline.
    last: AtomicU64,
    /// The owner waits no more.
    over: AtomicBool,
    mutation: Option<Mutation>,
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Woken,
    Expired,
}

impl Program {
    fn new(mutation: Option<Mutation>) -> Arc<Self> {
        let word = || Atomic::new(Place::Deadline, None);
        Arc::new(Self {
            lists: [Mutex::new(false), Mutex::new(false)],
            record: TimedWait::new(word(), word(), word()),
            semaphore: AtomicU64::new(0),
            last: AtomicU64::new(10),
            over: AtomicBool::new(false),
            mutation,
        })
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    fn release(&self) {
        self.semaphore.fetch_add(1, SeqCst);
    }

    fn try_acquire(&self) -> bool {
        self.semaphore.fetch_update(SeqCst, SeqCst, |count| count.checked_sub(1)).is_ok()
    }

    fn acquire(&self) {
        while !self.try_acquire() {
            thread::yield_now();
        }
    }

    /// Takes the record out of a list, under its lock.
    fn take(&self, listed: &mut bool) -> bool {
        let was = *listed;
        if was {
            *listed = false;
            self.record.taken();
        }
        was
    }

    /// Owner: begins a wait on `address`, 1 or 2, with a deadline.
    fn begin(&self, address: usize, until: u64) {
        {
            let mut listed = self.lists[address - 1].lock().unwrap();
            let marked = self.record.end();
            self.record.begin(address as u64);
            if self.is(Mutation::DeadlineKept) {
                self.record.arm(self.last.load(SeqCst));
            }
            if marked && self.is(Mutation::MarkKept) {
                self.record.expire();
            }
            *listed = true;
        }
        self.record.arm(until);
        self.last.store(until, SeqCst);
    }

    /// Owner: waits until it is released.
    fn wait(&self) -> End {
        self.acquire();
        if self.record.end() { End::Expired } else { End::Woken }
    }

    /// Owner: its own clock says that the time is over.
    fn give_up(&self, address: usize) -> End {
        if self.is(Mutation::StaysInList) {
            return End::Expired;
        }
        if self.take(&mut self.lists[address - 1].lock().unwrap()) {
            return End::Expired;
        }
        if self.is(Mutation::LeavesRelease) {
            return End::Expired;
        }
        self.wait()
    }

    /// A waker of an address: whether there was a waiter.
    fn wake(&self, address: usize) -> bool {
        let woken = self.take(&mut self.lists[address - 1].lock().unwrap());
        if woken {
            self.release();
        }
        woken
    }

    /// Deadline thread: one look, with the clock at `now`; whether it ended a wait.
    fn look(&self, now: u64) -> bool {
        let Some((address, until)) = self.record.armed() else { return false };
        if until > now {
            return false;
        }
        let mut listed = self.lists[address as usize - 1].lock().unwrap();
        let due = *listed && (self.record.is_due(now) || self.is(Mutation::NoSecondLook));
        if due {
            self.take(&mut listed);
            if !self.is(Mutation::NotMarked) {
                self.record.expire();
            }
        }
        drop(listed);
        if due || self.is(Mutation::ReleasesAnyway) {
            self.release();
        }
        due
    }

    fn assert_quiet(&self) {
        assert_eq!(self.semaphore.load(SeqCst), 0, "a release is left over");
        assert!(
            self.lists.iter().all(|list| !*list.lock().unwrap()),
            "the record is left in a list"
        );
    }
}

/// A wait that a waker and the deadline thread both want to end.
fn one_wait(mutation: Option<Mutation>) {
    let program = Program::new(mutation);
    let owner = program.clone();
    let owner = thread::spawn(move || {
        owner.begin(1, 10);
        owner.wait()
    });
    let waker = program.clone();
    let waker = thread::spawn(move || waker.wake(1));
    // It looks until the wait is over.
    let mut expired = program.look(20);
    let woken = waker.join().unwrap();
    while !woken && !expired {
        thread::yield_now();
        expired = program.look(20);
    }
    let end = owner.join().unwrap();
    assert!(woken != expired, "the wait was ended twice");
    assert_eq!(end == End::Woken, woken, "what the waiter was told is not what happened");
    program.assert_quiet();
}

/// A waiter that gives up while a waker and the deadline thread are at it.
fn gives_up(mutation: Option<Mutation>) {
    let program = Program::new(mutation);
    let owner = program.clone();
    let owner = thread::spawn(move || {
        owner.begin(1, 10);
        owner.give_up(1)
    });
    let waker = program.clone();
    let waker = thread::spawn(move || waker.wake(1));
    program.look(20);
    let woken = waker.join().unwrap();
    let end = owner.join().unwrap();
    assert_eq!(end == End::Woken, woken, "what the waiter was told is not what happened");
    program.assert_quiet();
}

/// A wait that its waker ends or its time, then one on another address whose time has not come.
fn two_waits(mutation: Option<Mutation>) {
    let program = Program::new(mutation);
    let owner = program.clone();
    let owner = thread::spawn(move || {
        owner.begin(1, 10);
        let first = owner.give_up(1);
        owner.begin(2, 30);
        let second = owner.wait();
        owner.over.store(true, SeqCst);
        (first, second)
    });
    let waker = program.clone();
    let waker = thread::spawn(move || {
        while !waker.wake(2) && !waker.over.load(SeqCst) {
            thread::yield_now();
        }
    });
    program.look(20);
    let (_, second) = owner.join().unwrap();
    waker.join().unwrap();
    assert_eq!(second, End::Woken, "the second wait expired before its time");
    program.assert_quiet();
}

fn holds(name: &str, bound: Option<usize>, at_least: usize, model: fn(Option<Mutation>)) {
    let runs = explore(name, bound, move || model(None));
    assert!(runs >= at_least, "{name}: only {runs} interleavings were tried");
}

#[test]
fn one_wait_is_ended_once() {
    holds("a timed wait", Some(3), 2_000, one_wait);
}

#[test]
fn a_waiter_gives_up() {
    holds("a timed wait that is given up", Some(3), 2_000, gives_up);
}

#[test]
fn two_waits_one_after_the_other() {
    holds("two timed waits", Some(3), 2_000, two_waits);
}

macro_rules! broken {
    ($($name:ident: $mutation:expr, $model:expr, $words:expr;)*) => {
        $(
            #[test]
            fn $name() {
                let (mutation, model): (Mutation, fn(Option<Mutation>)) = ($mutation, $model);
                caught(stringify!($name), Some(3), $words, move || model(Some(mutation)));
            }
        )*
    };
}

broken! {
    no_second_look_at_the_deadline: Mutation::NoSecondLook, two_waits, "before its time";
    releases_anyway: Mutation::ReleasesAnyway, gives_up, "a release is left over";
    not_marked: Mutation::NotMarked, one_wait, "not what happened";
    mark_kept: Mutation::MarkKept, two_waits, "before its time";
    deadline_kept: Mutation::DeadlineKept, two_waits, "before its time";
    leaves_release: Mutation::LeavesRelease, gives_up, "not what happened";
    stays_in_list: Mutation::StaysInList, gives_up, "";
}
