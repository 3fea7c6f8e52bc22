//! The heap: `dlmalloc` over the break.
//!
//! Memory from the break is contiguous, zero, and never given back: the kernel cannot shrink a segment that threads
//! share. The lock is a futex, which neither allocates nor uses thread-locals.

use crate::alloc::{GlobalAlloc, Layout, System};
use crate::cell::UnsafeCell;
use crate::ptr;
use crate::sys::pal::{heap, shared_static};
use crate::sys::sync::Mutex;
use dlmalloc::{Allocator, Dlmalloc};
use plan9_abi::layout::PAGE;

struct Break;

// SAFETY: what `grow` gives is fresh, zero, and nobody else's.
unsafe impl Allocator for Break {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        heap::grow(size).map_or((ptr::null_mut(), 0, 0), |(start, size)| (start, size, 0))
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        ptr::null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        true
    }

    fn page_size(&self) -> usize {
        PAGE as usize
    }
}

struct Heap {
    lock: Mutex,
    heap: UnsafeCell<Dlmalloc<Break>>,
}

// SAFETY: the heap is touched under the lock alone.
unsafe impl Sync for Heap {}

shared_static! {
    static HEAP: Heap = Heap {
        lock: Mutex::new(),
        heap: UnsafeCell::new(Dlmalloc::new_with_allocator(Break)),
    };
    "__rust_plan9_heap"
}

fn with<T>(work: impl FnOnce(&mut Dlmalloc<Break>) -> T) -> T {
    HEAP.lock.lock();
    // SAFETY: the lock is held, and the closures below do not come back here.
    let result = work(unsafe { &mut *HEAP.heap.get() });
    // SAFETY: locked above.
    unsafe { HEAP.lock.unlock() };
    result
}

// SAFETY: dlmalloc keeps the contract; each call is made with the caller's layout.
#[stable(feature = "alloc_system_type", since = "1.28.0")]
unsafe impl GlobalAlloc for System {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is dlmalloc's.
        with(|heap| unsafe { heap.malloc(layout.size(), layout.align()) })
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract is dlmalloc's.
        with(|heap| unsafe { heap.calloc(layout.size(), layout.align()) })
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is dlmalloc's.
        with(|heap| unsafe { heap.free(ptr, layout.size(), layout.align()) })
    }

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's contract is dlmalloc's.
        with(|heap| unsafe { heap.realloc(ptr, layout.size(), layout.align(), new_size) })
    }
}
