//! The break: the heap's memory.
//!
//! A segment attached late is the caller's alone, so what all threads are to see is bss, and the
//! bss only ever grows: the kernel refuses to shrink a segment that threads share. What the
//! allocator gives back at its end is kept as addresses, and its pages go back to the kernel. New
//! memory is zero and takes no pages until it is touched.
//!
//! The allocator calls this under its lock; nobody else moves the break.

use plan9_abi::layout::{PAGE, SEGMENT_MAX};
use plan9_abi::sys::memory;

use crate::ptr;
use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sys::pal::{segments, shared_static};

/// The kernel's page, in bytes.
pub const PAGE_SIZE: usize = PAGE as usize;

/// The break moves by multiples of this.
const STEP: usize = 1 << 20;

unsafe extern "C" {
    /// The linker's end of the bss.
    #[link_name = "__end"]
    safe static END: u8;
}

shared_static! {
    /// The end of the bss, 0 before the first growth.
    static BREAK: AtomicUsize = AtomicUsize::new(0);
    "__rust_plan9_break"
}

shared_static! {
    /// The end of what the allocator has; never above the break.
    static USED: AtomicUsize = AtomicUsize::new(0);
    "__rust_plan9_break_used"
}

/// Zeroed memory of at least `size` bytes and how much it is; it follows what was given last.
pub fn grow(size: usize) -> Option<(*mut u8, usize)> {
    let size = size.checked_next_multiple_of(STEP)?;
    let end = (&raw const END).addr();
    if BREAK.load(Relaxed) == 0 {
        let start = end.next_multiple_of(PAGE_SIZE);
        BREAK.store(start, Relaxed);
        USED.store(start, Relaxed);
    }
    let start = USED.load(Relaxed);
    let top = start.checked_add(size).filter(|top| top - end <= SEGMENT_MAX as usize)?;
    if top > BREAK.load(Relaxed) {
        // SAFETY: nothing lies above the break, and it grows.
        unsafe { memory::brk(top) }.ok()?;
        BREAK.store(top, Relaxed);
    }
    USED.store(top, Relaxed);
    Some((ptr::with_exposed_provenance_mut(start), size))
}

/// Takes back the memory from `from` to `to`; false, and nothing happens, if that is not the end of
/// what was given.
///
/// # Safety
///
/// Nothing there may be needed again.
pub unsafe fn shrink(from: usize, to: usize) -> bool {
    // SAFETY: the caller's.
    let taken = USED.load(Relaxed) == to && unsafe { segments::give_back(from, to) };
    if taken {
        USED.store(from, Relaxed);
    }
    taken
}
