//! What a deadline costs a call that is not late, without the call: the very file of std's slot, and the clock.
//!
//! `arm SAMPLES OPERATIONS`: a sample is the time of so many operations. Labels: `clock`, the clock read alone; `slot`,
//! arm and disarm alone; `armed`, what a timed call does: clock, arm, the fence before the look at the deadline
//! thread's next moment, disarm; `scan-N`, the deadline thread's look at N armed slots.

mod shared;
#[path = "../../library/std/src/sys/pal/plan9/deadline/slot.rs"]
#[allow(dead_code)]
mod slot;

use shared::{Samples, failed, number};
use slot::{Disarm, Slot};
use std::hint::black_box;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicU64, fence};
use std::time::Instant;

/// A deadline that never comes.
const NEVER: u64 = u64::MAX;

/// A control block as std's: the slot on its cache line, other fields behind it, the way to the block before.
#[repr(C, align(64))]
struct Block {
    slot: Slot<AtomicU64>,
    fields: [u64; 64],
    older: Option<Box<Block>>,
}

fn new_slot() -> Slot<AtomicU64> {
    Slot::new(AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0))
}

fn main() {
    let (samples, operations): (u32, u32) = (number(1), number(2));
    let slot = new_slot();
    let next_look = AtomicU64::new(0);
    measure("clock", samples, operations, || {
        black_box(Instant::now());
    });
    measure("slot", samples, operations, || arm_and_disarm(black_box(&slot), || {}));
    measure("armed", samples, operations, || {
        black_box(Instant::now());
        arm_and_disarm(black_box(&slot), || {
            fence(SeqCst);
            black_box(next_look.load(SeqCst));
        });
    });
    for count in [1, 100, 1000] {
        let newest = armed_blocks(count);
        measure(&format!("scan-{count}"), samples, operations, || {
            if black_box(earliest(black_box(&newest))) != NEVER - 1 {
                failed("the scan missed a slot");
            }
        });
    }
}

fn measure(label: &str, samples: u32, operations: u32, mut operation: impl FnMut()) {
    let mut lines = Samples::with_room(samples as usize);
    for _ in 0..samples {
        let start = Instant::now();
        for _ in 0..operations {
            operation();
        }
        lines.add(label, start.elapsed().as_nanos() as i64);
    }
    lines.print();
}

fn arm_and_disarm(slot: &Slot<AtomicU64>, between: impl FnOnce()) {
    let operation = slot.arm(NEVER);
    between();
    if slot.disarm(operation) != Disarm::Clean {
        failed("a slot that nobody claimed was not clean");
    }
}

/// A list of so many armed slots; the last one's deadline is the earliest.
fn armed_blocks(count: u64) -> Option<Box<Block>> {
    let mut newest = None;
    for at in 0..count {
        let block = Block { slot: new_slot(), fields: [at; 64], older: newest };
        block.slot.arm(if at == 0 { NEVER - 1 } else { NEVER });
        newest = Some(Box::new(block));
    }
    newest
}

fn earliest(newest: &Option<Box<Block>>) -> u64 {
    let blocks = std::iter::successors(newest.as_ref(), |block| block.older.as_ref());
    let armed = blocks.filter_map(|block| {
        black_box(block.fields[0]);
        block.slot.armed()
    });
    armed.map(|(_, deadline)| deadline).min().unwrap_or(NEVER)
}
