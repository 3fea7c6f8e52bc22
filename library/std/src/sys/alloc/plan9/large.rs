//! Large blocks of the heap, above main's stack in its segment.
//!
//! A block here is zero until it is touched, gives its pages back to the kernel when it is freed,
//! and often grows where it is: none of which `dlmalloc` can do for it. It takes a power of two of
//! grains of addresses, of which there are many, and only the pages that are touched. Which class
//! that is, and what is free, stands in a table by grain, so that no page of a free block is
//! needed.
//!
//! The newest block has nothing behind it, and can outgrow its class.

use super::brk::PAGE_SIZE;
use crate::cell::Cell;
use crate::ptr;
use crate::sys::pal::{segments, shared_static};
use crate::sys::sync::Mutex;
use crate::sys::thread::stacks;

/// What a block takes at least, in bytes; all begin at multiples of it.
pub const GRAIN: usize = 16 << 20;

/// All that fits into the segment, in bytes.
const MOST: usize = segments::MOST - (stacks::MAIN_TOP - segments::MAIN);

const _: () = assert!(stacks::MAIN_TOP.is_multiple_of(GRAIN));

/// All that there can be, for the segment to stay as small as a kernel wants it.
const GRAINS: usize = MOST / GRAIN;

/// Powers of two, from one grain on.
const CLASSES: usize = GRAINS.ilog2() as usize + 1;

/// No grain: the end of a list.
const NONE: u16 = u16::MAX;

struct Blocks {
    lock: Mutex,
    /// By class: the first grain of the block that was freed last.
    free: [Cell<u16>; CLASSES],
    /// By a block's first grain: its class, and for a free one the next.
    class: [Cell<u8>; GRAINS],
    next: [Cell<u16>; GRAINS],
    /// Grains that have ever been in a block.
    used: Cell<usize>,
}

// SAFETY: the cells are touched under the lock alone.
unsafe impl Sync for Blocks {}

shared_static! {
    static BLOCKS: Blocks = Blocks {
        lock: Mutex::new(),
        free: [const { Cell::new(NONE) }; CLASSES],
        class: [const { Cell::new(0) }; GRAINS],
        next: [const { Cell::new(NONE) }; GRAINS],
        used: Cell::new(0),
    };
    "__rust_plan9_blocks"
}

/// A zeroed block; null if there is no room.
pub fn take(size: usize) -> *mut u8 {
    let taken = class_of(size).and_then(|class| with(|blocks| blocks.take(class)));
    taken.map_or(ptr::null_mut(), |grain| ptr::with_exposed_provenance_mut(address(grain)))
}

/// Makes a block another size, if that can be where it is.
///
/// # Safety
///
/// The block must have come from [`take`] and be that large; what is cut off is lost.
pub unsafe fn resize(block: *mut u8, old: usize, new: usize) -> bool {
    let grain = grain_of(block);
    let fits = class_of(new).is_some_and(|class| with(|blocks| blocks.fits(grain, class)));
    if fits && new < old {
        // What it grows by again must be zero.
        // SAFETY: the caller's.
        unsafe { empty(block.addr() + new, block.addr() + old) };
    }
    fits
}

/// Frees a block.
///
/// # Safety
///
/// The block must have come from [`take`], be that large, and not be needed again.
pub unsafe fn give_back(block: *mut u8, size: usize) {
    // SAFETY: the caller's.
    unsafe { empty(block.addr(), block.addr() + size) };
    with(|blocks| blocks.give_back(grain_of(block)));
}

/// Makes a range zero again, by giving its pages back where they are whole.
///
/// # Safety
///
/// The bytes must be the caller's to lose.
unsafe fn empty(from: usize, to: usize) {
    let first = from.next_multiple_of(PAGE_SIZE).min(to);
    // SAFETY: the caller's.
    unsafe {
        ptr::with_exposed_provenance_mut::<u8>(from).write_bytes(0, first - from);
        let last = to.next_multiple_of(PAGE_SIZE);
        if !segments::give_back(first, last) {
            ptr::with_exposed_provenance_mut::<u8>(first).write_bytes(0, to - first);
        }
    }
}

fn with<T>(work: impl FnOnce(&Blocks) -> T) -> T {
    BLOCKS.lock.lock();
    let result = work(&BLOCKS);
    // SAFETY: locked above.
    unsafe { BLOCKS.lock.unlock() };
    result
}

fn class_of(size: usize) -> Option<usize> {
    let class = size.div_ceil(GRAIN).checked_next_power_of_two()?.ilog2() as usize;
    (class < CLASSES).then_some(class)
}

fn address(grain: usize) -> usize {
    stacks::MAIN_TOP + grain * GRAIN
}

fn grain_of(block: *mut u8) -> usize {
    (block.addr() - stacks::MAIN_TOP) / GRAIN
}

impl Blocks {
    fn take(&self, class: usize) -> Option<usize> {
        let free = self.free[class].get();
        if free != NONE {
            self.free[class].set(self.next[usize::from(free)].get());
            return Some(free.into());
        }
        let grain = self.used.get();
        self.reach(grain + (1 << class))?;
        self.class[grain].set(class as u8);
        Some(grain)
    }

    /// Whether a block can be of that class where it is; then it is, if that is a larger one.
    fn fits(&self, grain: usize, class: usize) -> bool {
        let own = usize::from(self.class[grain].get());
        if class <= own {
            return true;
        }
        let is_newest = grain + (1 << own) == self.used.get();
        let fits = is_newest && self.reach(grain + (1 << class)).is_some();
        if fits {
            self.class[grain].set(class as u8);
        }
        fits
    }

    fn give_back(&self, grain: usize) {
        let list = &self.free[usize::from(self.class[grain].get())];
        self.next[grain].set(list.replace(grain as u16));
    }

    /// Makes the segment long enough for so many grains.
    fn reach(&self, grains: usize) -> Option<()> {
        if grains > GRAINS {
            return None;
        }
        // SAFETY: it grows, and nothing lies above it.
        unsafe { segments::grow(segments::MAIN, address(grains)) }?;
        self.used.set(grains);
        Some(())
    }
}
