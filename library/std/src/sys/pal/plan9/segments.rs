//! The segments that std attaches, and where in the address space they lie.
//!
//! The kernel lets a program attach five segments, and none can be attached for threads that run
//! already: a late one is its caller's alone. So there are two. Main's holds main's stack and,
//! above it, the heap's large blocks. That of the threads holds all their stacks. Each grows at its
//! end. Between segments lie holes, which are the only guard that this kernel has.
//!
//! Pages come as they are touched, and are zero.

use plan9_abi::flags::segattach;
use plan9_abi::layout::SEGMENT_MAX;
use plan9_abi::sys::memory;

/// Where main's segment and that of the threads start: out of the break's reach, and in the half
/// terabyte that the rest of the program is in, so that they cost no page table of the upper
/// levels.
pub const MAIN: usize = 0x30_0000_0000;
pub const THREADS: usize = 0x40_0000_0000;

/// The most that each can hold, in bytes.
pub const MOST: usize = SEGMENT_MAX as usize;

/// Makes a segment, which procs that fork from now on share; `None` if the kernel refuses.
pub fn attach(at: usize, len: usize) -> Option<()> {
    // SAFETY: nothing else is put at the addresses above.
    unsafe { memory::segattach(segattach::CEXEC, c"memory", at, len as u32) }.ok().map(drop)
}

/// Makes the segment at `at` reach to `end`; `None` if the kernel refuses.
///
/// # Safety
///
/// The segment may only grow.
pub unsafe fn grow(at: usize, end: usize) -> Option<()> {
    // SAFETY: the caller's.
    unsafe { memory::segbrk(at, end) }.ok()
}

/// Gives the whole pages of a range back to the kernel: they read as zero afterwards. On a machine
/// of several processors this waits until each has taken a clock interrupt, if procs share the
/// segment (`port/proc.c:procflushmmu`).
///
/// # Safety
///
/// Nothing there may be needed again.
pub unsafe fn give_back(from: usize, to: usize) -> bool {
    /// The call's length is a word of 32 bits.
    const MOST_AT_ONCE: usize = 1 << 31;
    (from..to).step_by(MOST_AT_ONCE).all(|at| {
        let len = (to - at).min(MOST_AT_ONCE);
        // SAFETY: the caller's.
        unsafe { memory::segfree(at, len as u32) }.is_ok()
    })
}
