//! The deadline thread: it sleeps until the earliest deadline and posts notes to the procs whose time has come.
//!
//! How it is woken, and why it cannot sleep past a deadline, stands in [`wake`](super::wake). The thread is started by the
//! first timed operation and never ends before the program does.

use super::slot::{AGAIN, Operation};
use super::text;
use super::wake::Wake;
use crate::io;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, SeqCst};
use crate::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64};
use crate::sys::pal::clock;
use crate::sys::pal::thread_control::{self, ThreadControl};
use crate::thread::Builder;
use plan9_abi::sys::{file, process, sync};

/// Its stack, in bytes.
const STACK: usize = 64 << 10;
/// The longest single wait, in milliseconds.
const LONGEST_MS: u64 = 1 << 30;

shared_static! {
    /// When the thread looks next.
    static WAKE_AT: Wake<AtomicU64> = Wake::new(AtomicU64::new(0));
    "__rust_plan9_deadline_wake_at"
}

shared_static! {
    /// Released to make it look earlier.
    static WAKE: AtomicI32 = AtomicI32::new(0);
    "__rust_plan9_deadline_wake"
}

const NOT_STARTED: u32 = 0;
const STARTING: u32 = 1;
const STARTED: u32 = 2;

shared_static! {
    static STATE: AtomicU32 = AtomicU32::new(NOT_STARTED);
    "__rust_plan9_deadline_state"
}

shared_static! {
    /// Operations were fired by others, [`fire`]: look after them too.
    static FIRED_BY_OTHERS: AtomicBool = AtomicBool::new(false);
    "__rust_plan9_deadline_fired"
}

/// Starts the thread unless it runs.
pub fn start() -> io::Result<()> {
    if STATE.load(Acquire) == STARTED {
        return Ok(());
    }
    loop {
        match STATE.compare_exchange(NOT_STARTED, STARTING, SeqCst, SeqCst) {
            Err(STARTED) => return Ok(()),
            Err(_) => {
                let _ = process::sleep(0);
            }
            Ok(_) => {
                let made = Builder::new().name("deadline".into()).stack_size(STACK).spawn(run);
                STATE.store(if made.is_ok() { STARTED } else { NOT_STARTED }, SeqCst);
                return made.map(drop);
            }
        }
    }
}

/// Owner, after arming for `deadline`.
pub fn armed(deadline: u64) {
    if WAKE_AT.is_late(deadline) {
        let _ = sync::semrelease(&WAKE, 1);
    }
}

/// Ends another thread's operation now: claims it as the deadline thread would. False if it has ended by itself.
pub fn fire(thread: &ThreadControl, operation: Operation) -> bool {
    if !thread.slot.0.claim(operation) {
        return false;
    }
    post(thread, operation);
    // It posts again should the kernel swallow this one.
    let _ = start();
    FIRED_BY_OTHERS.store(true, SeqCst);
    let _ = sync::semrelease(&WAKE, 1);
    true
}

/// Posts the note of a claimed operation, and counts it.
fn post(thread: &ThreadControl, operation: Operation) {
    let fd = thread.note_fd.load(Acquire);
    let accepted = file::write(fd, &text::note(operation.number())).is_ok();
    thread.slot.0.posted(operation, accepted, clock::now() + AGAIN);
}

/// The earliest deadline that is armed.
fn earliest() -> u64 {
    let armed = thread_control::all().filter_map(|thread| thread.slot.0.armed());
    armed.map(|(_, deadline)| deadline).min().unwrap_or(u64::MAX)
}

fn run() {
    loop {
        WAKE_AT.look();
        FIRED_BY_OTHERS.store(false, Relaxed);
        let now = clock::now();
        let mut next = u64::MAX;
        for thread in thread_control::all() {
            let slot = &thread.slot.0;
            match slot.armed() {
                Some((operation, deadline)) if deadline <= now => {
                    if slot.claim(operation) {
                        post(thread, operation);
                        next = next.min(now + AGAIN);
                    }
                }
                Some((_, deadline)) => next = next.min(deadline),
                None => {
                    if let Some((operation, again)) = slot.fired() {
                        // It has had its note and is still there: one more, if the last was handled.
                        let due = again <= now;
                        if due && slot.reclaim(operation) {
                            post(thread, operation);
                        }
                        next = next.min(if due { now + AGAIN } else { again });
                    }
                }
            }
        }
        WAKE_AT.sleep_until(next);
        if earliest() < next || FIRED_BY_OTHERS.load(SeqCst) {
            continue;
        }
        // An interruption or a late release makes it look once more.
        let _ = match next {
            u64::MAX => sync::semacquire(&WAKE, true),
            at => {
                let left = at.saturating_sub(clock::now());
                sync::tsemacquire(&WAKE, left.div_ceil(1_000_000).min(LONGEST_MS) as u32)
            }
        };
    }
}
