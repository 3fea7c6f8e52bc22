//! The deadline thread: it waits until the earliest deadline, posts notes to the procs whose time
//! has come, and releases the semaphores of the timed waits that are over.
//!
//! How it is woken, and why it cannot sleep past a deadline, stands in
//! [`schedule`](super::schedule); how long it waits at a time in [`pause`](super::pause). The
//! thread is started by the first operation that needs it and never ends before the program does.
//! It runs no code of the program's.

use plan9_abi::errors::Kind;
use plan9_abi::flags::open;
use plan9_abi::note;
use plan9_abi::sys::{file, process, sync};

use super::pause::Pause;
use super::schedule::{By, Wake};
use super::slot::{AGAIN, OVERDUE, Operation};
use super::text;
use crate::io;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, SeqCst};
use crate::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64};
use crate::sys::pal::{errstr, proc_file};
use crate::sys::thread::control::ThreadControl;
use crate::sys::thread::{control, per_proc, service, waiters, watchdog};
use crate::sys::time::clock;

/// Its stack, in bytes.
const STACK: usize = 64 << 10;
/// No deadline.
const NEVER: u64 = u64::MAX;
/// How long the thread sleeps at a time where nothing can end its sleep, in milliseconds.
const SLICE_MS: u32 = 1;

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

shared_static! {
    /// The thread's own `ctl`, or -1 where it can have none or the kernel knows no `interrupt`.
    /// Written once, before the thread first sleeps.
    static CTL: AtomicI32 = AtomicI32::new(-1);
    "__rust_plan9_deadline_ctl"
}

shared_static! {
    /// The earliest deadline that the thread was woken for since it last looked. It looks then,
    /// even if the operation is over by now: an owner that makes one short operation after the
    /// other wakes it once, not each time.
    static ASKED: AtomicU64 = AtomicU64::new(NEVER);
    "__rust_plan9_deadline_asked"
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

/// Whether the thread runs.
pub fn is_running() -> bool {
    STATE.load(Acquire) == STARTED
}

/// Starts the thread unless it runs.
pub fn start() -> io::Result<()> {
    loop {
        if is_running() {
            return Ok(());
        }
        if STATE.compare_exchange(NOT_STARTED, STARTING, SeqCst, SeqCst).is_ok() {
            let made = service("deadline", STACK, run);
            STATE.store(if made.is_ok() { STARTED } else { NOT_STARTED }, SeqCst);
            return made;
        }
        let _ = process::sleep(0);
    }
}

/// The same for a timed wait: false if it cannot be started, or if somebody is starting it. That
/// may be this very thread, which waits for what the start needs.
pub fn start_for_wait() -> bool {
    is_running() || STATE.load(Acquire) == NOT_STARTED && start().is_ok()
}

/// Owner, after arming for `deadline`.
pub fn armed(deadline: u64) {
    if let Some(by) = WAKE_AT.is_late(deadline) {
        ASKED.fetch_min(deadline, SeqCst);
        wake(by);
    }
}

/// Makes the thread look. One system call.
fn wake(by: By) {
    match by {
        By::Semaphore => drop(sync::semrelease(&WAKE, 1)),
        By::Sleep => {
            let ctl = CTL.load(Relaxed);
            let _ = errstr::retry(|| file::write(ctl, note::CTL_INTERRUPT));
        }
    }
}

/// Ends another thread's operation now: claims it as the deadline thread would. False if it has
/// ended by itself.
pub fn fire(thread: &ThreadControl, operation: Operation) -> bool {
    if !thread.slot.0.claim(operation) {
        return false;
    }
    post(thread, operation);
    // The deadline thread posts again should the kernel swallow this note.
    if start().is_ok() {
        FIRED_BY_OTHERS.store(true, SeqCst);
        if let Some(by) = WAKE_AT.is_late(0) {
            wake(by);
        }
    } else {
        see_through(thread, operation);
    }
    true
}

/// Does for one fired operation what the deadline thread would do, until it ends.
fn see_through(thread: &ThreadControl, operation: Operation) {
    while let Some((fired, again)) = thread.slot.0.fired()
        && fired == operation
        && again != NEVER
    {
        let _ = process::sleep((AGAIN / 1_000_000) as u32);
        if thread.slot.0.reclaim(operation, clock::now() >= again + OVERDUE) {
            post(thread, operation);
        }
    }
}

/// Posts the note of a claimed operation, and counts it. A proc that is gone, or that the kernel
/// keeps for a debugger, is due no other: nothing will ever end its operation.
fn post(thread: &ThreadControl, operation: Operation) {
    let fd = thread.note_fd.load(Acquire);
    let note = text::note(operation.number());
    // An owner's interrupt can break the wait for the proc's lock: nothing has been posted then.
    let accepted = errstr::retry(|| file::write(fd, &note)).is_ok();
    let is_gone = !accepted
        && (errstr::last_error_is_kind(Kind::NotFound)
            || watchdog::is_gone(thread.pid.load(Relaxed)));
    let again = if is_gone { NEVER } else { clock::now() + AGAIN };
    thread.slot.0.posted(operation, accepted, again);
}

/// The earliest deadline of an operation or a timed wait.
fn earliest() -> u64 {
    let of = |thread: &ThreadControl| {
        let operation = thread.slot.0.armed().map_or(NEVER, |(_, deadline)| deadline);
        let wait = thread.slot.1.armed().map_or(NEVER, |(_, until)| until);
        operation.min(wait)
    };
    control::all().map(of).min().unwrap_or(NEVER)
}

fn run() {
    open_ctl();
    loop {
        WAKE_AT.look();
        // An exchange: what was fired before it is seen below.
        FIRED_BY_OTHERS.swap(false, SeqCst);
        let asked = ASKED.swap(NEVER, SeqCst);
        let now = clock::now();
        let mut next = if asked > now { asked } else { NEVER };
        for thread in control::all() {
            next = next.min(look_at_operation(thread, now)).min(look_at_wait(thread, now));
        }
        wait_until(next);
    }
}

/// Fires an operation that is due, or fires it once more; when it is due next.
fn look_at_operation(thread: &ThreadControl, now: u64) -> u64 {
    let slot = &thread.slot.0;
    match slot.armed() {
        Some((operation, deadline)) if deadline <= now => {
            if !slot.claim(operation) {
                return NEVER;
            }
            post(thread, operation);
            slot.fired().map_or(NEVER, |(_, again)| again)
        }
        Some((_, deadline)) => deadline,
        None => match slot.fired() {
            // It has had its note and is still there: one more, if the last was handled or never
            // will be.
            Some((operation, again)) if again <= now => {
                if slot.reclaim(operation, now - again >= OVERDUE) {
                    post(thread, operation);
                }
                now + AGAIN
            }
            Some((_, again)) => again,
            None => NEVER,
        },
    }
}

/// Ends a timed wait that is over; when it will be.
fn look_at_wait(thread: &'static ThreadControl, now: u64) -> u64 {
    match thread.slot.1.armed() {
        Some((address, until)) if until <= now => {
            waiters::expire(thread, address as usize, now);
            NEVER
        }
        Some((_, until)) => until,
        None => NEVER,
    }
}

/// Waits until `next`, or until an owner has an earlier deadline. It may end earlier: then the
/// thread looks for nothing.
fn wait_until(next: u64) {
    let pause = |left: u64| if next == NEVER { None } else { Some(Pause::of(left)) };
    let left = || next.saturating_sub(clock::now());
    let by = match pause(left()) {
        Some(Pause::Yield) => {
            let _ = process::sleep(0);
            return;
        }
        // Nothing could end the sleep: so it is short, and the moment stays 0, for the thread looks
        // in time.
        Some(Pause::Sleep(_)) if CTL.load(Relaxed) < 0 => {
            let _ = process::sleep(SLICE_MS);
            return;
        }
        Some(Pause::Sleep(_)) => By::Sleep,
        Some(Pause::Ticks(_)) | None => By::Semaphore,
    };
    WAKE_AT.wait_until(next, by);
    if earliest() < next || FIRED_BY_OTHERS.load(SeqCst) {
        return;
    }
    // An interruption or a late release makes it look once more.
    match (by, pause(left())) {
        (By::Semaphore, None) => drop(sync::semacquire(&WAKE, true)),
        (By::Semaphore, Some(Pause::Ticks(ms))) => drop(sync::tsemacquire(&WAKE, ms)),
        (By::Sleep, Some(Pause::Sleep(ms))) => drop(process::sleep(ms)),
        // The look has taken so long that the other way of waiting is due.
        _ => {}
    }
}

/// Opens the thread's own `ctl`, and asks whether the kernel knows `interrupt` by the message that
/// takes it back.
fn open_ctl() {
    let Ok(fd) = proc_file::open(per_proc::pid(), "ctl", open::WRITE) else { return };
    match errstr::retry(|| file::write(fd, note::CTL_NOINTERRUPT)) {
        Err(_) if !errstr::last_error_is(plan9_abi::errors::NOTES_PENDING) => drop(file::close(fd)),
        _ => CTL.store(fd, Relaxed),
    }
}
