//! One attempt at a system call that a deadline, a change of its bound, or the wish not to wait may end.
//!
//! The wish not to wait is the kernel's own: `interrupt`, written to the proc's own `ctl`, makes the next wait fail and
//! leaves a call that need not wait alone; `nointerrupt` takes it back (man 3/proc, `port/devproc.c:procctlreq`). Another
//! note in between takes it back as well, and older kernels have no such message: so a deadline stands behind it.

use super::operation::{Bound, Deadline, Wait};
use super::slot::Disarm;
use super::stub::{self, ABORTED};
use super::thread;
use crate::io;
use crate::sync::atomic::Ordering::{Relaxed, Release};
use crate::sync::atomic::{AtomicBool, AtomicI32};
use crate::sys::pal::thread_control::{self, ThreadControl};
use crate::sys::pal::{clock, cvt, errstr, private, proc_file};
use plan9_abi::flags::open;
use plan9_abi::sys::{file, process};
use plan9_abi::{errors, note};

/// A clock that never gets there.
const NEVER: u64 = u64::MAX;

/// How long a call that may not wait does where `interrupt` did not reach it, in nanoseconds.
const BACKSTOP: u64 = 1_000_000;

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
    let fd = cvt(proc_file::open(private::pid(), name, open::WRITE))?;
    // Release: the deadline thread finds an open file.
    kept.store(fd, Release);
    Ok(fd)
}

/// Makes the system call, armed for as long as `wait` says; `version` is that of this answer of the bound's.
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
    let thread = thread_control::current()
        .ok_or(io::const_error!(io::ErrorKind::Unsupported, "not a thread of this program",))?;
    own_file(&thread.note_fd, "note")?;
    let deadline = match wait {
        // Armed all the same, so that a change of the bound can end the call.
        Wait::Forever => NEVER,
        Wait::Until(Deadline(at)) => at,
        Wait::Not => clock::now() + BACKSTOP,
    };
    if deadline != NEVER {
        thread::start()?;
    }
    let refuses = wait == Wait::Not && refuse_to_wait(thread)?;
    // SAFETY: the caller's.
    let (result, code) = unsafe { armed_call(thread, number, args, deadline, version, bound) };
    if refuses {
        wait_again(thread);
    }
    Ok(match result {
        ABORTED => Outcome::Aborted,
        -1 if code == errors::INTERRUPTED => Outcome::Interrupted,
        -1 => Outcome::Failed(code),
        n => Outcome::Done(n.cast_unsigned()),
    })
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
        unsafe { stub::timed_call(number, a, b, c, d, word, operation.armed_word()) }
    } else {
        ABORTED
    };
    bound.leave();
    // The reason is read before another call can change it.
    let code = if result == -1 { errstr::take() } else { errors::NO_ERROR };
    loop {
        match slot.disarm(operation) {
            Disarm::Clean => break,
            Disarm::Posting => drop(process::sleep(0)),
            Disarm::Fired => {
                // The kernel delivers on its way out.
                while !slot.drained(operation) {
                    let _ = process::sleep(0);
                }
                break;
            }
        }
    }
    (result, code)
}

/// Makes this proc's next wait fail; false where the kernel cannot, and the deadline has to do it.
fn refuse_to_wait(thread: &ThreadControl) -> io::Result<bool> {
    if NO_INTERRUPT.load(Relaxed) {
        return Ok(false);
    }
    let ctl = own_file(&thread.ctl_fd, "ctl")?;
    let refuses = errstr::unbroken(|| file::write(ctl, note::CTL_INTERRUPT)).is_ok();
    NO_INTERRUPT.store(!refuses, Relaxed);
    Ok(refuses)
}

/// Takes [`refuse_to_wait`] back: refused while notes are pending, whose delivery does the same.
fn wait_again(thread: &ThreadControl) {
    let ctl = thread.ctl_fd.load(Relaxed);
    while file::write(ctl, note::CTL_NOINTERRUPT).is_err()
        && errstr::take() == errors::NOTES_PENDING
    {
        let _ = process::sleep(0);
    }
}
