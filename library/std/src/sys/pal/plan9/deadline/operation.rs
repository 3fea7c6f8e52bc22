//! Reads, writes and other calls that end when their deadline has passed.
//!
//! The deadline is a moment on the monotonic clock, so that a note of somebody else's in between costs none of it and
//! adds nothing: the call is made again with what is left.

use super::slot::Disarm;
use super::stub::{self, ABORTED};
use super::thread;
use super::write_rule::{Step, WriteRule};
use crate::io;
use crate::mem::MaybeUninit;
use crate::sync::atomic::Ordering::{Relaxed, Release};
use crate::sys::pal::thread_control::{self, ThreadControl};
use crate::sys::pal::{clock, errstr, private, text::Text};
use plan9_abi::sys::{file, process};
use plan9_abi::{errors, flags, sysno};

/// The moment at which a call gives up, in nanoseconds of [`clock::now`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(pub u64);

/// How one attempt at a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done(usize),
    /// The kernel refused, with the code of its reason.
    Failed(i32),
    /// A note broke the call: the deadline's if `expired`. A write has queued its piece all the same.
    Interrupted { expired: bool },
    /// The deadline passed before the call was made.
    Aborted,
}

/// The error of every deadline that passed.
pub fn timed_out() -> io::Error {
    io::const_error!(io::ErrorKind::TimedOut, "deadline has passed")
}

/// Somebody who may end the operation before its deadline.
pub trait Cancel {
    /// Makes the operation known; true if it is to end at once.
    fn enter(&self, thread: &'static ThreadControl, operation: super::slot::Operation) -> bool;
    /// It has ended.
    fn leave(&self);
    /// Operations are to end at once.
    fn is_cancelled(&self) -> bool;
}

/// Nobody.
pub struct Never;

impl Cancel for Never {
    fn enter(&self, _: &'static ThreadControl, _: super::slot::Operation) -> bool {
        false
    }

    fn leave(&self) {}

    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Makes ready what an operation of this thread needs: its own note file, which nobody else could open for a user like
/// `none`.
fn prepare() -> io::Result<&'static ThreadControl> {
    let thread = thread_control::current().ok_or(io::const_error!(
        io::ErrorKind::Unsupported,
        "not a thread of this program",
    ))?;
    if thread.note_fd.load(Relaxed) < 0 {
        let name = Text::new(format_args!("#p/{}/note", private::pid()));
        let fd = crate::sys::pal::cvt(file::open(
            name.as_c_str(),
            flags::open::WRITE | flags::open::CEXEC,
        ))?;
        thread.note_fd.store(fd, Release);
    }
    Ok(thread)
}

/// One attempt at a system call.
///
/// # Safety
///
/// As for the call itself.
pub unsafe fn attempt(
    number: usize,
    args: [usize; 4],
    deadline: Deadline,
    cancel: &impl Cancel,
) -> io::Result<Outcome> {
    let thread = prepare()?;
    if deadline.0 != u64::MAX {
        thread::start()?;
    }
    let slot = &thread.slot.0;
    let operation = slot.arm(deadline.0);
    let word = slot.word().cast::<u64>();
    let cancelled = cancel.enter(thread, operation);
    if deadline.0 != u64::MAX {
        thread::armed(deadline.0);
    }
    let [a, b, c, d] = args;
    let result = if cancelled {
        ABORTED
    } else {
        // SAFETY: the caller's; the word outlives the thread.
        unsafe { stub::timed_call(number, a, b, c, d, word, operation.armed_word()) }
    };
    cancel.leave();
    // The reason is read before another call can change it.
    let code = if result == -1 { errstr::take() } else { errors::NO_ERROR };
    let fired = loop {
        match slot.disarm(operation) {
            Disarm::Clean => break false,
            Disarm::Posting => drop(process::sleep(0)),
            Disarm::Fired => {
                // The kernel delivers on its way out.
                while !slot.drained(operation) {
                    let _ = process::sleep(0);
                }
                break true;
            }
        }
    };
    Ok(match result {
        ABORTED => Outcome::Aborted,
        -1 if code == errors::INTERRUPTED => Outcome::Interrupted { expired: fired },
        -1 => Outcome::Failed(code),
        n => Outcome::Done(n.cast_unsigned()),
    })
}

/// As [`attempt`], and without a deadline as well.
///
/// # Safety
///
/// As for the call itself.
pub unsafe fn call(
    number: usize,
    args: [usize; 4],
    deadline: Option<Deadline>,
    cancel: &impl Cancel,
) -> io::Result<Outcome> {
    // A deadline that the clock never reaches: the slot is armed all the same, so that the call can be cancelled.
    let deadline = deadline.unwrap_or(Deadline(u64::MAX));
    // SAFETY: the caller's.
    unsafe { attempt(number, args, deadline, cancel) }
}

/// Reads at the channel's own offset; that many bytes of `buf` are initialised then. A cancelled read gives nothing.
pub fn read(
    fd: i32,
    buf: &mut [MaybeUninit<u8>],
    deadline: Option<Deadline>,
    cancel: &impl Cancel,
) -> io::Result<usize> {
    if buf.is_empty() {
        return Ok(0);
    }
    let len = buf.len().min(plan9_abi::sys::MAX_TRANSFER);
    let args = [fd as u32 as usize, buf.as_mut_ptr().expose_provenance(), len, usize::MAX];
    loop {
        // SAFETY: the kernel writes at most `len` bytes into the caller's buffer.
        match unsafe { call(sysno::PREAD, args, deadline, cancel) }? {
            Outcome::Done(n) => return Ok(n),
            Outcome::Failed(code) => return Err(io::Error::from_raw_os_error(code)),
            Outcome::Interrupted { .. } | Outcome::Aborted => {
                if passed(deadline) {
                    return Err(timed_out());
                }
                if cancel.is_cancelled() {
                    return Ok(0);
                }
            }
        }
    }
}

/// Opens a file whose open may wait.
pub fn open(name: &core::ffi::CStr, mode: u32, deadline: Option<Deadline>) -> io::Result<i32> {
    let args = [name.as_ptr().expose_provenance(), mode as usize, 0, 0];
    loop {
        // SAFETY: the name ends in a NUL.
        match unsafe { call(sysno::OPEN, args, deadline, &Never) }? {
            Outcome::Done(fd) => return Ok(fd as i32),
            Outcome::Failed(code) => return Err(io::Error::from_raw_os_error(code)),
            Outcome::Interrupted { .. } | Outcome::Aborted => {
                if passed(deadline) {
                    return Err(timed_out());
                }
            }
        }
    }
}

/// Writes a part of `bytes` to a conversation and says how much the kernel took, by the rule of its account.
/// `TimedOut` means that it took nothing. `drained` asks whether the transmit queue is empty.
pub fn write(
    fd: i32,
    bytes: &[u8],
    deadline: Option<Deadline>,
    rule: &mut WriteRule,
    mut drained: impl FnMut() -> io::Result<bool>,
) -> io::Result<usize> {
    if bytes.is_empty() {
        return Ok(0);
    }
    loop {
        let piece = match rule.next() {
            Step::Data(most) => &bytes[..bytes.len().min(most)],
            Step::Empty => &bytes[..0],
            Step::Drain => {
                if drained()? {
                    rule.drained();
                } else if passed(deadline) {
                    return Err(timed_out());
                } else {
                    let _ = process::sleep(1);
                }
                continue;
            }
        };
        // The address of an empty piece is that of the bytes, which is mapped.
        let at = bytes.as_ptr().expose_provenance();
        let args = [fd as u32 as usize, at, piece.len(), usize::MAX];
        // SAFETY: the kernel reads no more than the piece.
        match unsafe { call(sysno::PWRITE, args, deadline, &Never) }? {
            Outcome::Done(n) => {
                rule.completed();
                if !piece.is_empty() {
                    return Ok(n);
                }
            }
            Outcome::Failed(code) => return Err(io::Error::from_raw_os_error(code)),
            Outcome::Interrupted { .. } => {
                rule.interrupted(piece.len());
                if !piece.is_empty() {
                    return Ok(piece.len());
                }
                if passed(deadline) {
                    return Err(timed_out());
                }
            }
            Outcome::Aborted => {
                if passed(deadline) {
                    return Err(timed_out());
                }
            }
        }
    }
}

/// Whether a deadline is over; one that is not there never is.
pub fn passed(deadline: Option<Deadline>) -> bool {
    deadline.is_some_and(|deadline| clock::now() >= deadline.0)
}
