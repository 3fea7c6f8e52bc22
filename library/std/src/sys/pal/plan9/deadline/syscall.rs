//! A system call that a timeout, a change of the timeout, or non-blocking mode can interrupt.
//!
//! Non-blocking mode is made by the kernel's `interrupt`, written to the proc's own `ctl`: it makes
//! the next wait fail, and leaves a call alone that need not wait. `nointerrupt` takes it back (man
//! 3/proc, `port/devproc.c:procctlreq`). Another note in between takes it back as well, and older
//! kernels have no such message, so a deadline stands behind it.
//!
//! A thread needs its own note file open so that it can be interrupted, and a timed call needs the
//! deadline thread. Where a timeout is set, [`prepare`] says whether they can be had. A call
//! without a timeout needs neither: if the note file cannot be opened, the call is made all the
//! same, and a change of its timeout is seen by the next call.

use plan9_abi::errors::Kind;
use plan9_abi::flags::open;
use plan9_abi::layout::NNOTE;
use plan9_abi::sys::{error, file, process};
use plan9_abi::syscall::syscall;
use plan9_abi::{errors, note};

use super::bound::{Bound, Deadline, Wait};
use super::slot::{Disarm, Operation};
use super::thread;
use crate::io;
use crate::sync::atomic::Ordering::{Relaxed, Release};
use crate::sync::atomic::{AtomicBool, AtomicI32};
use crate::sys::io::codes;
use crate::sys::pal::arch::{self, ABORTED};
use crate::sys::pal::{cvt, errstr, proc_file};
use crate::sys::thread::control::ThreadControl;
use crate::sys::thread::per_proc;
use crate::sys::time::clock;

/// A clock that never gets there.
const NEVER: u64 = u64::MAX;

/// How long a call that may not wait does where `interrupt` did not reach it, in nanoseconds.
const BACKSTOP: u64 = 1_000_000;

/// How often an owner lets the kernel deliver before it asks whether there is anything to deliver:
/// more often than a proc can have notes.
const PATIENT: usize = 2 * NNOTE;
/// How often at most, where it cannot ask. Each time the kernel delivers a note that is queued.
const MOST: usize = 100;

shared_static! {
    /// The kernel has no ctl `interrupt`: only 9front's has.
    static NO_INTERRUPT: AtomicBool = AtomicBool::new(false);
    "__rust_plan9_no_interrupt"
}

/// How one attempt at a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done(usize),
    /// The kernel refused, with the code of its reason.
    Failed(i32),
    /// A note broke the call. A write has queued its piece all the same.
    Interrupted,
    /// The call was not made: its deadline had passed, or its bound had changed.
    Aborted,
}

/// Opens a file of the thread's own once; nobody else could for a user like `none`.
fn own_file(kept: &AtomicI32, name: &str) -> io::Result<i32> {
    let fd = kept.load(Relaxed);
    if fd >= 0 {
        return Ok(fd);
    }
    let fd = cvt(proc_file::open(per_proc::pid(), name, open::WRITE))?;
    // Release: the deadline thread finds an open file.
    kept.store(fd, Release);
    Ok(fd)
}

/// Has ready what a timed call of this thread needs.
pub fn prepare() -> io::Result<()> {
    if let Some(thread) = per_proc::current() {
        own_file(&thread.note_fd, "note")?;
    }
    thread::start()
}

/// Makes the system call, armed for as long as `wait` says; `version` is that of this answer of the
/// bound's.
///
/// # Safety
///
/// As for the call itself.
pub unsafe fn attempt(
    number: usize,
    args: [usize; 4],
    wait: Wait,
    version: u64,
    bound: &impl Bound,
) -> io::Result<Outcome> {
    let thread = per_proc::current()
        .ok_or(io::const_error!(io::ErrorKind::Unsupported, "not a thread of this program",))?;
    let own_note = own_file(&thread.note_fd, "note");
    let deadline = match wait {
        // Armed all the same, so that a change of the bound can end the call.
        Wait::Forever => NEVER,
        Wait::Until(Deadline(at)) => at,
        Wait::Not => clock::now() + BACKSTOP,
    };
    let (result, code) = if deadline == NEVER && own_note.is_err() {
        // SAFETY: the caller's.
        unsafe { unarmed_call(number, args) }
    } else {
        own_note?;
        if deadline != NEVER {
            thread::start()?;
        }
        let refuses = wait == Wait::Not && refuse_to_wait(thread);
        // SAFETY: the caller's.
        let ended = unsafe { armed_call(thread, number, args, deadline, version, bound) };
        if refuses {
            wait_again(thread);
        }
        ended
    };
    Ok(match result {
        ABORTED => Outcome::Aborted,
        -1 if code == errors::INTERRUPTED => Outcome::Interrupted,
        -1 => Outcome::Failed(code),
        n => Outcome::Done(n.cast_unsigned()),
    })
}

/// A call that nothing but a note of somebody else's ends early.
///
/// # Safety
///
/// As for the call itself.
unsafe fn unarmed_call(number: usize, [a, b, c, d]: [usize; 4]) -> (isize, i32) {
    // SAFETY: the caller's.
    let result = unsafe { syscall(number, a, b, c, d, 0) };
    (result, if result == -1 { codes::take() } else { errors::NO_ERROR })
}

/// From arming to disarming: the call's result, and the code of its error.
///
/// # Safety
///
/// As for the call itself.
unsafe fn armed_call(
    thread: &'static ThreadControl,
    number: usize,
    [a, b, c, d]: [usize; 4],
    deadline: u64,
    version: u64,
    bound: &impl Bound,
) -> (isize, i32) {
    let slot = &thread.slot.0;
    let operation = slot.arm(deadline);
    let word = (&raw const slot.word).cast::<u64>();
    let holds = bound.enter(thread, operation, version);
    if deadline != NEVER {
        thread::armed(deadline);
    }
    let result = if holds {
        // SAFETY: the caller's; the word outlives the thread.
        unsafe { arch::timed_call(number, a, b, c, d, word, operation.armed_word()) }
    } else {
        ABORTED
    };
    bound.leave();
    // The reason is read before another call can change it.
    let code = if result == -1 { codes::take() } else { errors::NO_ERROR };
    loop {
        match slot.disarm(operation) {
            Disarm::Clean => break,
            Disarm::Posting => drop(process::sleep(0)),
            Disarm::Fired => {
                drain(thread, operation);
                break;
            }
        }
    }
    (result, code)
}

/// Waits until every note of an operation has been handled. One that another program has taken, by
/// reading the note file, never will be; so in the end the kernel is asked whether any is queued.
fn drain(thread: &ThreadControl, operation: Operation) {
    for tries in 0.. {
        if thread.slot.0.drained(operation) {
            return;
        }
        if tries >= MOST || tries >= PATIENT && is_queue_empty(thread) {
            return thread.slot.0.give_up(operation);
        }
        // The kernel delivers on its way out.
        let _ = process::sleep(0);
    }
}

/// True if no note is queued for this proc, by the message that is refused if one is. False where
/// it cannot be sent.
fn is_queue_empty(thread: &ThreadControl) -> bool {
    let Ok(ctl) = own_file(&thread.ctl_fd, "ctl") else { return false };
    let is_empty = file::write(ctl, note::CTL_NOINTERRUPT).is_ok();
    if !is_empty {
        // The caller's error is another.
        let _ = error::take();
    }
    is_empty
}

/// Makes this proc's next wait fail; false where that cannot be done, and the deadline has to do
/// it.
fn refuse_to_wait(thread: &ThreadControl) -> bool {
    if NO_INTERRUPT.load(Relaxed) {
        return false;
    }
    let Ok(ctl) = own_file(&thread.ctl_fd, "ctl") else { return false };
    let refuses = errstr::retry(|| file::write(ctl, note::CTL_INTERRUPT)).is_ok();
    // Only that the kernel does not know the message is so for good.
    if !refuses
        && errstr::last_error_is_kind(Kind::InvalidInput)
        && !errstr::last_error_is(errors::BAD_FD)
    {
        NO_INTERRUPT.store(true, Relaxed);
    }
    refuses
}

/// Takes [`refuse_to_wait`] back: refused while notes are pending, whose delivery does the same.
fn wait_again(thread: &ThreadControl) {
    let ctl = thread.ctl_fd.load(Relaxed);
    while file::write(ctl, note::CTL_NOINTERRUPT).is_err() && codes::take() == errors::NOTES_PENDING
    {
        let _ = process::sleep(0);
    }
}
