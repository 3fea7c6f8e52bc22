//! The words that are private to a proc.
//!
//! No segment register can be a thread pointer on this kernel. What a proc has to itself is its
//! stack segment, which lies at the same address in every proc of the program. So a few words at a
//! fixed place in it say which thread this is. They are placed once, relative to the stack pointer
//! with which the program starts, and a child inherits a copy.

use super::control::ThreadControl;
use crate::ptr;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sync::atomic::{AtomicPtr, AtomicUsize};
use crate::sys::pal::shared_static;

/// The words. The start code, the fork and the note handler know their offsets by
/// [`offset_of!`](crate::mem::offset_of).
#[repr(C, align(64))]
pub struct PrivateWords {
    /// This proc's thread; null before there is one and after it has gone.
    pub thread: *const ThreadControl,
    /// In a child just forked: the thread it is to become.
    pub next: *const ThreadControl,
    /// Where the parent's stack pointer waits while it stands on this segment to fork.
    pub saved_sp: usize,
    /// Not 0: this proc forks a child that is to become a program, or is that child, which has the
    /// parent's thread but another pid.
    pub launching: usize,
}

shared_static! {
    /// Where the words lie, in every proc; set before the first note handler.
    pub static PRIVATE: AtomicPtr<PrivateWords> = AtomicPtr::new(ptr::null_mut());
    "__rust_plan9_private"
}

shared_static! {
    /// Where Tos lies, in every proc.
    pub static TOS: AtomicUsize = AtomicUsize::new(0);
    "__rust_plan9_tos"
}

/// This proc's words.
pub fn words() -> *mut PrivateWords {
    PRIVATE.load(Relaxed)
}

/// This proc's id: the kernel writes it on every way out.
pub fn pid() -> u32 {
    let at = TOS.load(Relaxed) + plan9_abi::tos::PID;
    // SAFETY: Tos is mapped in every proc, at an address aligned for the word.
    unsafe { ptr::with_exposed_provenance::<u32>(at).read_volatile() }
}

/// Whether this proc is a child on its way from the fork to another program: a copy of this one,
/// with its list of threads.
pub fn is_launched() -> bool {
    let words = words();
    // SAFETY: the words are mapped and initialised in every proc, and threads' blocks are never
    // freed.
    !words.is_null()
        && unsafe {
            (&raw const (*words).launching).read_volatile() != 0
                && (*words).thread.as_ref().is_some_and(|own| own.pid.load(Relaxed) != pid())
        }
}

/// The calling thread's block; `None` on a proc that std did not start, or before or after its
/// thread.
pub fn current() -> Option<&'static ThreadControl> {
    let words = words();
    if words.is_null() {
        return None;
    }
    // SAFETY: the words are mapped and initialised in every proc, and blocks are never freed.
    let thread = unsafe { (*words).thread.as_ref() }?;
    (thread.pid.load(Relaxed) == pid()).then_some(thread)
}
