//! Detects threads whose proc died without running their exit path: killed from outside, or ended
//! by the kernel after a stack overflow, for which it calls no note handler.
//!
//! Nobody wakes the threads that wait for such a thread, or for a lock that it held. So a thread
//! that waits without a timeout checks, after one second of waiting and then after two, four and so
//! on, whether each thread's proc still exists, and ends the program if one does not. A shorter
//! wait costs nothing.

use plan9_abi::errors::Kind;
use plan9_abi::sys::{error, file};
use plan9_abi::ureg;

use super::control::ThreadControl;
use super::{control, per_proc, stacks};
use crate::sync::atomic::AtomicU64;
use crate::sync::atomic::Ordering::{Relaxed, SeqCst};
use crate::sys::pal::small_cstr::SmallCStr;
use crate::sys::pal::{errstr, exit, proc_file, shared_static};
use crate::sys::time::clock;

/// How long is waited before the first look, in milliseconds, and the least between two looks of
/// the program.
pub const PATIENCE_MS: u32 = 1000;
const PATIENCE: u64 = PATIENCE_MS as u64 * 1_000_000;
/// How many times as long as a look at all threads the program is then left alone.
const REST: u64 = 100;

shared_static! {
    /// Before this time on the monotonic clock nobody looks.
    static NEXT_LOOK: AtomicU64 = AtomicU64::new(0);
    "__rust_plan9_next_look"
}

/// Ends the program if a thread's proc is gone.
#[cold]
pub fn look() {
    let (now, next) = (clock::now(), NEXT_LOOK.load(Relaxed));
    if now < next || NEXT_LOOK.compare_exchange(next, now + PATIENCE, Relaxed, Relaxed).is_err() {
        return;
    }
    // The caller's error string is not ours to change.
    let mut kept = error::take();
    // Where procs have no files nothing can be said of anybody.
    if !is_gone(per_proc::pid())
        && let Some((thread, pid)) = all_gone().next()
        && exit::STATE.load(SeqCst) == exit::RUNNING
    {
        end(thread, pid);
    }
    error::swap(&mut kept);
    let end = clock::now();
    NEXT_LOOK.store(end + PATIENCE.max(REST * (end - now)), Relaxed);
}

/// A thread that is gone because it has overflowed its stack: it may have destroyed other threads'
/// before.
pub fn overflowed() -> Option<&'static ThreadControl> {
    all_gone().find(|&(thread, pid)| has_overflowed(thread, pid)).map(|(thread, _)| thread)
}

/// Threads, and their procs that are not there.
fn all_gone() -> impl Iterator<Item = (&'static ThreadControl, u32)> {
    control::all().filter_map(|thread| {
        let pid = thread.pid.load(SeqCst);
        // Its own end takes a thread's pid out of the block before the proc ends.
        let gone = pid != 0 && is_gone(pid) && thread.pid.load(SeqCst) == pid;
        gone.then_some((thread, pid))
    })
}

/// No proc has that id, or one that the kernel keeps for a debugger after its death. Takes neither
/// memory nor a lock, for the trap path asks too.
pub fn is_gone(pid: u32) -> bool {
    /// Where the state stands in the file, behind two names (man 3/proc).
    const STATE: usize = 2 * 28;
    let mut status = [0; STATE + 6];
    match proc_file::read(pid, "status", &mut status) {
        Ok(_) => &status[STATE..] == b"Broken",
        // It may be that no descriptor was free.
        Err(_) => errstr::last_error_is_kind(Kind::NotFound),
    }
}

/// Tells of a thread that is gone, and ends the others.
fn end(thread: &ThreadControl, pid: u32) -> ! {
    // One that has overflowed its stack may have destroyed this one's.
    if let Some(culprit) = overflowed() {
        stacks::tell(culprit);
        crate::sys::pal::abort_internal();
    }
    let name = thread.shown_name();
    let text = SmallCStr::new(format_args!("thread '{name}' ({pid}) has been killed\n"));
    let _ = file::write(2, text.as_bytes());
    exit::exit_with(c"killed")
}

/// Whether a proc that the kernel keeps for a debugger died below its stack.
fn has_overflowed(thread: &ThreadControl, pid: u32) -> bool {
    let mut registers = [0; ureg::SIZE];
    let read = proc_file::read(pid, "regs", &mut registers);
    let sp = registers[ureg::SP..].first_chunk().map_or(0, |word| usize::from_le_bytes(*word));
    read == Ok(ureg::SIZE) && stacks::is_overflow(thread, sp)
}
