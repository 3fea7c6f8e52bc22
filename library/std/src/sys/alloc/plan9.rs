//! The heap: `dlmalloc` over the break.
//!
//! Memory from the break is contiguous and zero. It goes back to the kernel in large pieces, for that can take the kernel
//! a clock tick: a large block when it is freed, and the heap's end when it has become as large. The lock is a futex, which neither allocates nor uses thread-locals.

use crate::alloc::{GlobalAlloc, Layout, System};
use crate::cell::UnsafeCell;
use crate::ptr;
use crate::sys::pal::{heap, shared_static, stacks};
use crate::sys::sync::Mutex;
use dlmalloc::{Allocator, Dlmalloc};
use plan9_abi::layout::PAGE;

/// The least that goes back to the kernel, in bytes.
const LARGE: usize = 16 << 20;

/// What is freed between two looks at the heap's end, in bytes.
const BETWEEN: usize = 64 << 10;

/// What is kept at the heap's end for the next allocations, in bytes.
const RESERVE: usize = 1 << 20;

/// What dlmalloc aligns every block to, in bytes.
const ALIGNED: usize = 2 * size_of::<usize>();

/// The break.
struct Break;

// SAFETY: what `grow` gives is zero, and nobody else's.
unsafe impl Allocator for Break {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        heap::grow(size).map_or((ptr::null_mut(), 0, 0), |(start, size)| (start, size, 0))
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        ptr::null_mut()
    }

    fn free_part(&self, start: *mut u8, old: usize, new: usize) -> bool {
        // SAFETY: the part is free, and dlmalloc forgets it.
        old - new >= LARGE && unsafe { heap::shrink(start.addr() + new, start.addr() + old) }
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        true
    }

    fn allocates_zeros(&self) -> bool {
        true
    }

    fn page_size(&self) -> usize {
        PAGE as usize
    }
}

/// What the lock guards.
struct Heap {
    blocks: Dlmalloc<Break>,
    /// Bytes freed since the end was last looked at.
    freed: usize,
}

impl Heap {
    /// # Safety
    ///
    /// As for [`GlobalAlloc::dealloc`].
    unsafe fn free(&mut self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is dlmalloc's.
        unsafe { self.blocks.free(ptr, layout.size(), layout.align()) };
        self.freed += layout.size();
        if self.freed >= BETWEEN {
            self.freed = 0;
            // SAFETY: the heap is ours, by the reference.
            unsafe { self.blocks.trim(RESERVE) };
        }
    }
}

struct Locked {
    lock: Mutex,
    heap: UnsafeCell<Heap>,
}

// SAFETY: the heap is touched under the lock alone.
unsafe impl Sync for Locked {}

shared_static! {
    static HEAP: Locked = Locked {
        lock: Mutex::new(),
        heap: UnsafeCell::new(Heap {
            blocks: Dlmalloc::new_with_allocator(Break),
            freed: 0,
        }),
    };
    "__rust_plan9_heap"
}

fn with<T>(work: impl FnOnce(&mut Heap) -> T) -> T {
    stacks::check();
    HEAP.lock.lock();
    // SAFETY: the lock is held, and the closures below do not come back here.
    let result = work(unsafe { &mut *HEAP.heap.get() });
    // SAFETY: locked above.
    unsafe { HEAP.lock.unlock() };
    result
}

/// Gives the pages of a large block's bytes from `keep` on back to the kernel, all but those at its ends, where dlmalloc
/// keeps its books.
///
/// # Safety
///
/// The bytes must be the caller's to lose.
unsafe fn empty(ptr: *mut u8, keep: usize, size: usize) {
    if size - keep >= LARGE {
        // SAFETY: the caller's. If it fails, the memory stays where it is.
        unsafe { heap::give_back(ptr.addr() + keep + PAGE as usize, ptr.addr() + size) };
    }
}

// SAFETY: dlmalloc keeps the contract; each call is made with the caller's layout.
#[stable(feature = "alloc_system_type", since = "1.28.0")]
unsafe impl GlobalAlloc for System {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is dlmalloc's.
        with(|heap| unsafe { heap.blocks.malloc(layout.size(), layout.align()) })
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is dlmalloc's.
        with(|heap| unsafe { heap.blocks.calloc(layout.size(), layout.align()) })
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        if layout.size() >= LARGE {
            // SAFETY: the block is still the caller's, and he needs it no more.
            unsafe { empty(ptr, 0, layout.size()) };
        }
        // SAFETY: the caller's.
        with(|heap| unsafe { heap.free(ptr, layout) })
    }

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // A block of a large alignment is copied, which may fail.
        if new_size < layout.size() && layout.align() <= ALIGNED {
            // SAFETY: the block is the caller's, stays where it is, and its end is no longer wanted.
            unsafe { empty(ptr, new_size, layout.size()) };
        }
        // SAFETY: the caller's contract is dlmalloc's.
        with(|heap| unsafe { heap.blocks.realloc(ptr, layout.size(), layout.align(), new_size) })
    }
}
