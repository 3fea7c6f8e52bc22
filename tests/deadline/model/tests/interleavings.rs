//! Every interleaving of one thread's timed operations with the deadline thread: no note outlives its operation, none
//! is lost, and a clean disarm means that none was ever posted.

use deadline_model::slot::{Disarm, Operation, Slot, Word};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

struct Atomic(AtomicU64);

impl Word for Atomic {
    fn load(&self, order: Ordering) -> u64 {
        self.0.load(order)
    }

    fn store(&self, value: u64, order: Ordering) {
        self.0.store(value, order);
    }

    fn compare_exchange(
        &self,
        old: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        self.0.compare_exchange(old, new, success, failure)
    }
}

/// A proc with a slot, and its kernel: `pending` is the number of the operation that an undelivered note names.
struct Proc {
    slot: Slot<Atomic>,
    pending: AtomicU64,
}

impl Proc {
    fn new() -> Arc<Self> {
        let word = || Atomic(AtomicU64::new(0));
        Arc::new(Self {
            slot: Slot::new(word(), word(), word(), word()),
            pending: AtomicU64::new(0),
        })
    }

    /// The kernel takes a note; it refuses one behind another, as it does behind five.
    fn post(&self, operation: Operation) -> bool {
        self.pending
            .compare_exchange(0, operation.number(), Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
    }

    /// The kernel delivers what is queued: the handler runs on this proc. True if a note came.
    fn deliver(&self) -> bool {
        let number = self.pending.swap(0, Ordering::SeqCst);
        if number != 0 {
            assert!(
                self.slot.handle(Operation::from_number(number)),
                "a note of operation {number} is nobody's"
            );
        }
        number != 0
    }

    /// A call that need not block, under a deadline: arm, enter and leave the kernel, disarm. True if it fired.
    fn operate(&self, deadline: u64) -> bool {
        let operation = self.slot.arm(deadline);
        let early = self.deliver();
        let fired = loop {
            match self.slot.disarm(operation) {
                Disarm::Clean => break false,
                Disarm::Fired => break true,
                Disarm::Posting => thread::yield_now(),
            }
        };
        if fired {
            while !self.slot.drained(operation) {
                assert!(self.deliver() || early, "posted and not handled, but no note is queued");
            }
        } else {
            assert!(!early, "a note came, but the slot was still Armed");
        }
        assert!(!self.deliver(), "a note outlived its operation");
        fired
    }
}

#[test]
fn no_note_outlives_its_operation() {
    loom::model(|| {
        let proc = Proc::new();
        let owner = proc.clone();
        let owner = thread::spawn(move || [owner.operate(10), owner.operate(20)]);

        // The scan, until it meets an armed slot or the owner is done. A single look would hide the interesting runs:
        // the checker does not go back to a load that the owner's own load of that word follows.
        let mut fired = [false; 2];
        let mut scans = 0;
        let seen = loop {
            scans += 1;
            match proc.slot.armed() {
                None if scans < 3 => thread::yield_now(),
                seen => break seen,
            }
        };
        if let Some((operation, deadline)) = seen
            && proc.slot.claim(operation)
        {
            assert_eq!(deadline, operation.number() * 10, "the deadline of another operation");
            fired[operation.number() as usize - 1] = true;
            let accepted = proc.post(operation);
            proc.slot.posted(operation, accepted);
            if proc.slot.reclaim(operation) {
                let accepted = proc.post(operation);
                proc.slot.posted(operation, accepted);
            }
        }

        assert_eq!(owner.join().unwrap(), fired, "what the owner was told is not what happened");
        assert_eq!(proc.pending.load(Ordering::SeqCst), 0, "a note is left over");
    });
}

#[test]
fn a_note_of_another_operation_is_not_taken() {
    loom::model(|| {
        let proc = Proc::new();
        let first = proc.slot.arm(10);
        assert!(!proc.slot.handle(first), "a forged note was taken in Armed");
        assert_eq!(proc.slot.disarm(first), Disarm::Clean);
        assert!(!proc.slot.claim(first), "an operation that is over was claimed");
        let second = proc.slot.arm(20);
        assert!(proc.slot.claim(second));
        assert!(!proc.slot.handle(first), "a note of the operation before was taken");
        assert!(proc.slot.handle(second));
    });
}
