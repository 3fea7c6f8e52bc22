//! Reads, writes and other calls that end when their time has come.
//!
//! A deadline is a moment on the monotonic clock, so that a note of somebody else's in between
//! costs none of it and adds nothing: the call is made again with what is left. What bounds a call
//! is asked for anew each time it was broken, for it may have been changed meanwhile.

use plan9_abi::sys::process;
use plan9_abi::sysno;

use super::write_rule::{Step, WriteRule};
use crate::io;
use crate::mem::MaybeUninit;
use crate::sys::pal::deadline::bound::{Bound, Deadline, Wait};
use crate::sys::pal::deadline::syscall::{Outcome, attempt};
use crate::sys::pal::notes::queue;
use crate::sys::time::clock;

/// How long an open that may not wait does, in nanoseconds. The open of `listen` fails under an
/// interruption even where a call is waiting (`port/proc.c:sleep`), so it must be let in and broken
/// once it waits.
const OPEN_PATIENCE: u64 = 1_000_000;

/// How many of them must have waited to their end before no call is said to be there. In one alone
/// the thread may have been kept from its processor until the deadline's note was there before it.
const OPEN_WAITS: u32 = 2;

/// How often such an open is tried at most, for others' notes may break each try. A number and no
/// time: on a busy machine any one may take long.
const OPEN_TRIES: u32 = 20;

/// How long a writer at most waits before it asks again whether the stream has drained, in
/// milliseconds.
const LONGEST_PAUSE_MS: u32 = 16;

/// Why a call that was broken is not made again; `None` if it may still wait.
pub fn over(wait: Wait) -> Option<io::Error> {
    match wait {
        Wait::Not => Some(io::Error::from(io::ErrorKind::WouldBlock)),
        Wait::Until(deadline) if clock::now() >= deadline.0 => Some(timed_out()),
        Wait::Until(_) | Wait::Forever => None,
    }
}

/// Whether a call that was not made is over. One that may not wait never is: it might not have had
/// to.
fn not_made(bound: &impl Bound) -> io::Result<()> {
    match bound.wait().0 {
        Wait::Not => Ok(()),
        wait => over(wait).map_or(Ok(()), Err),
    }
}

/// The error of every deadline that passed.
pub fn timed_out() -> io::Error {
    io::const_error!(io::ErrorKind::TimedOut, "deadline has passed")
}

/// What is left of a wait, in milliseconds, rounded up.
pub fn left_ms(wait: Wait) -> u32 {
    match wait {
        Wait::Forever => u32::MAX,
        Wait::Until(deadline) => {
            let left = deadline.0.saturating_sub(clock::now()).div_ceil(1_000_000);
            u32::try_from(left).unwrap_or(u32::MAX)
        }
        Wait::Not => 0,
    }
}

/// Reads at the channel's own offset; that many bytes of `buf` are initialised then. Where the
/// bound is shut there is nothing to read.
pub fn read(fd: i32, buf: &mut [MaybeUninit<u8>], bound: &impl Bound) -> io::Result<usize> {
    if buf.is_empty() {
        return Ok(0);
    }
    let len = buf.len().min(plan9_abi::sys::MAX_TRANSFER);
    let args = [fd as u32 as usize, buf.as_mut_ptr().expose_provenance(), len, usize::MAX];
    while !bound.is_shut() {
        let (wait, version) = bound.wait();
        // SAFETY: the kernel writes at most `len` bytes into the caller's buffer.
        match unsafe { attempt(sysno::PREAD, args, wait, version, bound) }? {
            Outcome::Done(n) => return Ok(n),
            Outcome::Failed(code) => return Err(io::Error::from_raw_os_error(code)),
            Outcome::Interrupted => over(bound.wait().0).map_or(Ok(()), Err)?,
            Outcome::Aborted => not_made(bound)?,
        }
    }
    Ok(0)
}

/// Writes a command whose effect goes on where a note breaks the wait for it: false then.
pub fn command(fd: i32, text: &[u8], bound: &impl Bound) -> io::Result<bool> {
    let args = [fd as u32 as usize, text.as_ptr().expose_provenance(), text.len(), usize::MAX];
    loop {
        let (wait, version) = bound.wait();
        // SAFETY: the kernel reads the text.
        match unsafe { attempt(sysno::PWRITE, args, wait, version, bound) }? {
            Outcome::Done(_) => return Ok(true),
            Outcome::Failed(code) => return Err(io::Error::from_raw_os_error(code)),
            Outcome::Interrupted => return Ok(false),
            Outcome::Aborted => not_made(bound)?,
        }
    }
}

/// Opens a file whose open may wait. Where the bound is shut, fails as the kernel then does.
pub fn open(name: &core::ffi::CStr, mode: u32, bound: &impl Bound) -> io::Result<i32> {
    let args = [name.as_ptr().expose_provenance(), mode as usize, 0, 0];
    let (mut tries, mut waits) = (0, 0);
    while !bound.is_shut() {
        let (wait, version) = bound.wait();
        let (patience, ends) = match wait {
            Wait::Not => {
                let ends = clock::now() + OPEN_PATIENCE;
                (Wait::Until(Deadline(ends)), ends)
            }
            other => (other, 0),
        };
        let notes = queue::count();
        // SAFETY: the name ends in a NUL.
        let outcome = unsafe { attempt(sysno::OPEN, args, patience, version, bound) }?;
        tries += 1;
        let waited = outcome == Outcome::Interrupted && clock::now() >= ends;
        waits += u32::from(waited && queue::count() == notes);
        match outcome {
            Outcome::Done(fd) => return Ok(fd as i32),
            Outcome::Failed(code) => return Err(io::Error::from_raw_os_error(code)),
            Outcome::Interrupted | Outcome::Aborted => match bound.wait().0 {
                // A note of somebody else's breaks it even where a call is waiting, and says
                // nothing about that. Nor does an open that was not made.
                Wait::Not if tries < OPEN_TRIES && waits < OPEN_WAITS => {}
                wait => over(wait).map_or(Ok(()), Err)?,
            },
        }
    }
    Err(io::Error::from_raw_os_error(plan9_abi::errors::LISTEN_HUNGUP))
}

/// Writes a part of `bytes` to a conversation and says how much the kernel took, by the rule of its
/// account. `TimedOut` and `WouldBlock` mean that it took nothing. `drained` asks whether the
/// transmit queue is empty.
pub fn write(
    fd: i32,
    bytes: &[u8],
    bound: &impl Bound,
    rule: &mut WriteRule,
    mut drained: impl FnMut() -> io::Result<bool>,
) -> io::Result<usize> {
    if bytes.is_empty() {
        return Ok(0);
    }
    let mut pause_ms = 1;
    while !bound.is_shut() {
        let piece = match rule.next() {
            Step::Data(most) => &bytes[..bytes.len().min(most)],
            Step::Empty => &bytes[..0],
            Step::Drain => {
                if drained()? {
                    rule.drained();
                } else {
                    let wait = bound.wait().0;
                    over(wait).map_or(Ok(()), Err)?;
                    let _ = process::sleep(pause_ms.min(left_ms(wait)));
                    pause_ms = (2 * pause_ms).min(LONGEST_PAUSE_MS);
                }
                continue;
            }
        };
        // The address of an empty piece is that of the bytes, which is mapped.
        let at = bytes.as_ptr().expose_provenance();
        let args = [fd as u32 as usize, at, piece.len(), usize::MAX];
        let (wait, version) = bound.wait();
        // SAFETY: the kernel reads no more than the piece.
        match unsafe { attempt(sysno::PWRITE, args, wait, version, bound) }? {
            Outcome::Done(n) => {
                rule.completed();
                if !piece.is_empty() {
                    return Ok(n);
                }
            }
            Outcome::Failed(code) => return Err(io::Error::from_raw_os_error(code)),
            Outcome::Interrupted => {
                rule.interrupted(piece.len());
                if !piece.is_empty() {
                    return Ok(piece.len());
                }
                over(bound.wait().0).map_or(Ok(()), Err)?;
            }
            Outcome::Aborted => not_made(bound)?,
        }
    }
    Err(shut_error())
}

/// The error of a write in a direction that is shut.
pub fn shut_error() -> io::Error {
    io::const_error!(io::ErrorKind::BrokenPipe, "the stream is shut")
}
