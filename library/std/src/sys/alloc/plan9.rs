//! The heap: `dlmalloc` over the break, and [`large`] blocks.
//!
//! Memory from the break is contiguous and zero. Memory goes back to the kernel in large pieces,
//! for that can take the kernel a clock tick: a large block when it is freed, and the heap's end
//! when it has become as large. The lock is a futex, which neither allocates nor uses
//! thread-locals. The functions are `GlobalAlloc`'s, with its contracts.

mod brk;
mod large;

use dlmalloc::{Allocator, Dlmalloc};

use crate::alloc::Layout;
use crate::cell::UnsafeCell;
use crate::ptr;
use crate::sys::pal::shared_static;
use crate::sys::sync::Mutex;
use crate::sys::thread::stacks;

/// The least that goes back to the kernel, in bytes.
const LARGE: usize = large::GRAIN;

/// What is freed between two looks at the heap's end, in bytes.
const BETWEEN: usize = 64 << 10;

/// What is kept at the heap's end for the next allocations, in bytes.
const RESERVE: usize = 1 << 20;

/// The break.
struct Break;

// SAFETY: what `grow` gives is zero, and nobody else's.
unsafe impl Allocator for Break {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        brk::grow(size).map_or((ptr::null_mut(), 0, 0), |(start, size)| (start, size, 0))
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        ptr::null_mut()
    }

    fn free_part(&self, start: *mut u8, old: usize, new: usize) -> bool {
        // SAFETY: the part is free, and dlmalloc forgets it.
        old - new >= LARGE && unsafe { brk::shrink(start.addr() + new, start.addr() + old) }
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
        brk::PAGE_SIZE
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
    /// As for [`GlobalAlloc::dealloc`](crate::alloc::GlobalAlloc::dealloc).
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

/// Whether a block is one of [`large`].
fn is_large(size: usize, align: usize) -> bool {
    size >= LARGE && align <= large::GRAIN
}

#[inline]
pub unsafe fn alloc(layout: Layout) -> *mut u8 {
    if is_large(layout.size(), layout.align()) {
        return large::take(layout.size());
    }
    // SAFETY: the caller's contract is dlmalloc's.
    with(|heap| unsafe { heap.blocks.malloc(layout.size(), layout.align()) })
}

#[inline]
pub unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
    if is_large(layout.size(), layout.align()) {
        return large::take(layout.size());
    }
    // SAFETY: the caller's contract is dlmalloc's.
    with(|heap| unsafe { heap.blocks.calloc(layout.size(), layout.align()) })
}

#[inline]
pub unsafe fn dealloc(ptr: *mut u8, layout: Layout) {
    if is_large(layout.size(), layout.align()) {
        // SAFETY: the caller's: the block came from `alloc` with this layout.
        return unsafe { large::give_back(ptr, layout.size()) };
    }
    // SAFETY: the caller's.
    with(|heap| unsafe { heap.free(ptr, layout) })
}

#[inline]
pub unsafe fn realloc(ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
    let (size, align) = (layout.size(), layout.align());
    match (is_large(size, align), is_large(new_size, align)) {
        (false, false) => with(|heap| {
            // SAFETY: the caller's contract is dlmalloc's.
            unsafe { heap.blocks.realloc(ptr, size, align, new_size) }
        }),
        // SAFETY: the caller's: the block came from `alloc` with this layout.
        (true, true) if unsafe { large::resize(ptr, size, new_size) } => ptr,
        // SAFETY: the caller's; the new block is as long as what is copied.
        _ => unsafe {
            let new = alloc(Layout::from_size_align_unchecked(new_size, align));
            if !new.is_null() {
                ptr::copy_nonoverlapping(ptr, new, size.min(new_size));
                dealloc(ptr, layout);
            }
            new
        },
    }
}
