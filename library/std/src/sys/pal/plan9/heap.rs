//! The break: the only memory that every thread sees, whenever it came.
//!
//! A segment attached later is the caller's alone, so all shared memory is bss, and it only ever grows: the kernel
//! refuses to shrink a segment that threads share. New memory is zero and takes no pages until it is touched.

use crate::ptr;
use crate::sync::atomic::AtomicUsize;
use crate::sys::sync::Mutex;
use core::sync::atomic::Ordering::Relaxed;
use plan9_abi::layout::PAGE;
use plan9_abi::sys::memory;

/// The break moves by multiples of this.
const STEP: usize = 1 << 20;

/// The largest bss that a kernel gives: 65,536 times a megabyte. A request far beyond it corrupts the kernel, so
/// none is made.
const MOST: usize = 64 << 30;

unsafe extern "C" {
    /// The linker's end of the bss.
    #[link_name = "__end"]
    safe static END: u8;
}

shared_static! {
    static LOCK: Mutex = Mutex::new();
    "__rust_plan9_break_lock"
}

shared_static! {
    /// The end of the bss, 0 before the first growth.
    static BREAK: AtomicUsize = AtomicUsize::new(0);
    "__rust_plan9_break"
}

/// Fresh zeroed memory of at least `size` bytes and how much it is; it follows what was given last.
pub fn grow(size: usize) -> Option<(*mut u8, usize)> {
    let size = size.checked_next_multiple_of(STEP)?;
    // The kernel is told an absolute end: two at once could shrink it.
    LOCK.lock();
    let grown = grow_locked(size);
    // SAFETY: locked above.
    unsafe { LOCK.unlock() };
    grown
}

fn grow_locked(size: usize) -> Option<(*mut u8, usize)> {
    let end = (&raw const END).addr();
    let start = match BREAK.load(Relaxed) {
        0 => end.next_multiple_of(PAGE as usize),
        set => set,
    };
    let top = start.checked_add(size).filter(|top| top - end <= MOST)?;
    // SAFETY: nothing lies above the break, and it grows.
    unsafe { memory::brk(top) }.ok()?;
    BREAK.store(top, Relaxed);
    Some((ptr::with_exposed_provenance_mut(start), size))
}
