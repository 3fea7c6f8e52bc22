//! A thread's control block as far as deadlines go, its proc, and the kernel that queues and delivers notes.

use crate::atomic::{Atomic, Place};
use crate::mutation::Mutation;
use deadline_model::slot::{Disarm, Operation, Slot, Word};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use loom::thread;

/// Procs of a model, at most.
const PROCS: usize = 2;

/// When one more note is due: between the deadlines of the models, so that it shows if one is taken for the other.
const AGAIN: u64 = 12;

/// The note file of no proc.
const NO_FILE: u64 = u64::MAX;

/// A control block. It outlives its thread, and another thread takes it over.
pub struct Block {
    pub slot: Slot<Atomic>,
    /// The number of the proc whose note file is open.
    note_file: AtomicU64,
    in_use: AtomicBool,
    /// Somebody reads note files.
    thief: AtomicBool,
    /// What the kernel has queued for each proc: the number of the operation that the note names, or 0.
    queued: [AtomicU64; PROCS],
    pub mutation: Option<Mutation>,
}

/// What became of a call's wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// The kernel had what it wants.
    Ready,
    /// It waits until a note breaks it.
    Waits,
    /// It waits, and the kernel swallows the first interrupt.
    WaitsTwice,
}

impl Block {
    /// The block of a thread on proc 0.
    pub fn new(mutation: Option<Mutation>) -> Arc<Self> {
        let word = |place| Atomic::new(place, mutation);
        Arc::new(Self {
            slot: Slot::new(
                word(Place::Word),
                word(Place::Deadline),
                word(Place::Posted),
                word(Place::Handled),
            ),
            note_file: AtomicU64::new(0),
            in_use: AtomicBool::new(true),
            thief: AtomicBool::new(false),
            queued: [AtomicU64::new(0), AtomicU64::new(0)],
            mutation,
        })
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// Deadline thread: posts the note of a claimed operation and counts it. The kernel refuses one behind another, as
    /// it does behind five, and where `refuses`.
    pub fn post(&self, operation: Operation, refuses: bool) {
        if self.is(Mutation::NotCounted) {
            self.deposit(operation);
            return self.slot.posted(operation, false, AGAIN);
        }
        let accepted = !refuses && self.deposit(operation);
        self.slot.posted(operation, accepted || self.is(Mutation::RefusedIsCounted), AGAIN);
    }

    fn deposit(&self, operation: Operation) -> bool {
        let proc = self.note_file.load(Ordering::Acquire);
        assert_ne!(proc, NO_FILE, "a note for a thread that has gone");
        let (relaxed, both) = (Ordering::Relaxed, Ordering::AcqRel);
        self.queued[proc as usize].compare_exchange(0, operation.number(), both, relaxed).is_ok()
    }

    /// Deadline thread: one look at the slot, with the clock at `now`; what it fired.
    pub fn look(&self, now: u64) -> Option<Operation> {
        match self.slot.armed() {
            Some((operation, deadline)) if deadline <= now || self.is(Mutation::PostsEarly) => {
                self.slot.claim(operation).then(|| {
                    self.post(operation, false);
                    operation
                })
            }
            Some(_) => None,
            None => {
                let (operation, again) = self.slot.fired()?;
                let overdue =
                    self.thief.load(Ordering::Acquire) && !self.is(Mutation::NeverOverdue);
                if again <= now && self.slot.reclaim(operation, overdue) {
                    self.post(operation, false);
                }
                None
            }
        }
    }

    /// The kernel delivers what it has queued for proc `proc`: the handler runs there. True if a note came.
    fn deliver(&self, proc: usize) -> bool {
        let number = self.queued[proc].swap(0, Ordering::AcqRel);
        if number == 0 {
            return false;
        }
        let operation = Operation::from_number(number);
        let ours = match self.mutation {
            Some(Mutation::HandlesUncounted) => return true,
            Some(Mutation::HandlesInAnyPhase) => true,
            _ => deadline_model::handler::handle(&self.slot, operation),
        };
        assert!(ours, "a note of operation {number} is nobody's");
        true
    }

    /// Owner on proc `proc`: a call under a deadline, as `operation::attempt` makes it. True if it fired.
    pub fn operate(&self, proc: usize, deadline: u64, call: Call) -> bool {
        let operation = self.slot.arm(deadline);
        self.enter(proc, operation, call);
        let fired = loop {
            match self.slot.disarm(operation) {
                Disarm::Clean => break false,
                Disarm::Fired => break true,
                Disarm::Posting => thread::yield_now(),
            }
        };
        if fired {
            self.drain(proc, operation);
        }
        assert!(!self.deliver(proc), "a note outlived its operation");
        fired
    }

    /// The stub and the kernel.
    fn enter(&self, proc: usize, operation: Operation, call: Call) {
        // The handler may run before the look.
        self.deliver(proc);
        let looked = self.slot.word.load(Ordering::Acquire);
        if looked != operation.armed_word() && !self.is(Mutation::StubDoesNotLook) {
            return;
        }
        // And between the look and the kernel.
        if self.deliver(proc) && !self.is(Mutation::StubIsNotLeft) {
            return;
        }
        let waits = match call {
            Call::Ready => 0,
            Call::Waits => 1,
            Call::WaitsTwice => 2,
        };
        for _ in 0..waits {
            while !self.deliver(proc) {
                thread::yield_now();
            }
        }
    }

    fn drain(&self, proc: usize, operation: Operation) {
        if self.is(Mutation::DrainedAtOnce) {
            return;
        }
        if self.is(Mutation::GivesUpUnasked) {
            return self.slot.give_up(operation);
        }
        while !self.slot.drained(operation) {
            // What was posted is queued or was handled before, or a thief has it: then nothing is queued.
            if !self.deliver(proc) {
                if self.thief.load(Ordering::Acquire) {
                    return self.slot.give_up(operation);
                }
                assert!(self.slot.drained(operation), "counted, but neither queued nor handled");
                return;
            }
        }
    }

    /// Somebody reads the proc's note file: takes a note away, if one is queued.
    pub fn steal(&self, proc: usize) {
        self.thief.store(true, Ordering::Release);
        self.queued[proc].swap(0, Ordering::AcqRel);
    }

    /// The owner's thread ends.
    pub fn release(&self) {
        self.note_file.swap(NO_FILE, Ordering::AcqRel);
        self.in_use.store(false, Ordering::Release);
    }

    /// A new thread on proc `proc` takes the block over, once it is free.
    pub fn take_over(&self, proc: usize) {
        let (order, relaxed) = (Ordering::AcqRel, Ordering::Relaxed);
        while self.in_use.compare_exchange(false, true, order, relaxed).is_err() {
            thread::yield_now();
        }
        self.note_file.store(proc as u64, Ordering::Release);
    }

    /// No note is left with the kernel.
    pub fn assert_quiet(&self) {
        for queue in &self.queued {
            assert_eq!(queue.load(Ordering::Acquire), 0, "a note is left over");
        }
    }
}
