//! Stacks: main's in one segment, those of all threads in another.
//!
//! This kernel cannot protect a page or take one out of a segment. The only guard is a hole between
//! segments, and a program can attach five. So main's stack is at the start of one segment, with a
//! hole below it, and that segment grows above the stack for the heap's large blocks. All threads'
//! stacks are in another, which main attaches before it forks the first thread, so that all see it.
//!
//! Below each stack lies a moat: reserved addresses that nothing else uses and that take no memory
//! until they are touched. An overflow first writes there. The next allocation or access to a
//! thread-local detects it and aborts ([`check`]), and a frame of a page or more is checked before
//! it is touched ([`probe`](arch::probe)). Moats are as large as addresses allow: 64 MiB for main
//! and the first threads, some 450 of them with the default stack, and 8 MiB for the rest. A thread
//! with small frames that makes no such call and goes deeper than its moat reaches the stack below;
//! that cannot be prevented here. Nothing reaches main's stack, the heap or statics: below all of
//! them is the hole, where the kernel ends the proc without calling its note handler, for which
//! there is no stack. A thread that waits for such a thread finds out by the
//! [`watchdog`](super::watchdog).
//!
//! A stack that is given back waits for the next thread. If it was used deeply, its memory goes
//! back to the kernel, but not always: on a machine of several processors the kernel waits for each
//! of them to take a clock interrupt before it frees pages of a shared segment
//! (`port/proc.c:procflushmmu`).
//!
//! | address | what |
//! |---|---|
//! | `low` | the start of the moat, with what rounding up to a class has left |
//! | `limit` | the end of the stack, as large as was asked for |
//! | `top` | where its proc starts, growing down |

use plan9_abi::layout::PAGE;
use plan9_abi::sys::file;

use super::control::{Stack, ThreadControl};
use super::per_proc;
use crate::cell::Cell;
use crate::ptr;
use crate::sync::atomic::AtomicPtr;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sys::pal::small_cstr::SmallCStr;
use crate::sys::pal::{arch, segments, shared_static};
use crate::sys::sync::Mutex;

/// Main's stack, in bytes. Pages come as they are touched.
const MAIN_STACK: usize = 8 << 20;

/// The smallest stack, in bytes.
const SMALLEST: usize = 64 << 10;

/// Addresses below a stack, in bytes, while they last, and afterwards.
const MOAT: usize = 64 << 20;
const SMALL_MOAT: usize = 8 << 20;

/// Main's: so much that what lies above its stack begins at a multiple of a block's grain.
const MAIN_MOAT: usize = 72 << 20;

/// Stacks that begin below this have the large moat. Behind it there is room for as many threads
/// with the default stack as a kernel has procs, 4,000, less those before it.
const SMALL_BASE: usize = segments::THREADS + (29 << 30);

/// The end of main's stack, from which its segment grows for the heap.
pub const MAIN_TOP: usize = segments::MAIN + MAIN_MOAT + MAIN_STACK;

/// The segment grows by multiples of this; a multiple takes 8 KiB of the kernel's memory until it
/// is touched.
const STEP: usize = 1 << 30;

/// Sizes are powers of two, from [`SMALLEST`] on.
const CLASSES: usize = 21;

/// What of a stack that is given back stays in memory, in bytes.
const KEPT: usize = 64 << 10;

/// In the uppermost bytes of a stack that waits: the top of the next one, or 0.
const LINK: usize = 16;

struct Stacks {
    lock: Mutex,
    /// By class: the top of the stack that was given back last, or 0.
    free: [Cell<usize>; CLASSES],
    /// The end of what has ever been handed out, and of the segment: its start before it is
    /// attached.
    used: Cell<usize>,
    end: Cell<usize>,
}

// SAFETY: the cells are touched under the lock alone.
unsafe impl Sync for Stacks {}

shared_static! {
    static STACKS: Stacks = Stacks {
        lock: Mutex::new(),
        free: [const { Cell::new(0) }; CLASSES],
        used: Cell::new(segments::THREADS),
        end: Cell::new(segments::THREADS),
    };
    "__rust_plan9_stacks"
}

/// Makes main's stack. In a program of std's own tests the std under them has done it.
#[cfg_attr(test, expect(dead_code))]
pub fn start() -> Option<Stack> {
    segments::attach(segments::MAIN, MAIN_MOAT + MAIN_STACK)?;
    __rust_plan9_stack_probe.store(arch::probe as *mut (), Relaxed);
    let limit = segments::MAIN + MAIN_MOAT;
    Some(Stack { low: segments::MAIN, limit, top: limit + MAIN_STACK })
}

/// A stack of at least `size` bytes, rounded up to a page; `None` if there is no room.
pub fn take(size: usize) -> Option<Stack> {
    let size = size.max(SMALLEST).checked_next_multiple_of(PAGE as usize)?;
    let class = class_of(size)?;
    STACKS.lock.lock();
    let top = STACKS.take_locked(class);
    // SAFETY: locked above.
    unsafe { STACKS.lock.unlock() };
    let top = top?;
    Some(Stack { low: top - moat(top) - size_of_class(class), limit: top - size, top })
}

/// Gives a stack back.
///
/// # Safety
///
/// It must have come from [`take`], and nothing on it may be needed again.
pub unsafe fn give_back(stack: Stack) {
    let Some(class) = class_of(stack.top - stack.low - moat(stack.top)) else { return };
    // SAFETY: the caller's.
    unsafe {
        free_depths(stack);
        STACKS.lock.lock();
        link(stack.top).write(STACKS.free[class].replace(stack.top));
        STACKS.lock.unlock();
    }
}

impl Stacks {
    fn take_locked(&self, class: usize) -> Option<usize> {
        let free = self.free[class].get();
        if free != 0 {
            // SAFETY: a stack that waits is mapped, and `give_back` wrote the link.
            self.free[class].set(unsafe { link(free).read() });
            return Some(free);
        }
        let used = self.used.get();
        let moat = if used < SMALL_BASE { MOAT } else { SMALL_MOAT };
        let mut top = used.checked_add(moat + size_of_class(class))?;
        if used < SMALL_BASE && top > SMALL_BASE {
            // The last with a large moat ends there.
            top = SMALL_BASE + SMALL_MOAT + size_of_class(class);
        }
        if self.end.get() == segments::THREADS {
            // The first thread: main is alone, so nobody fails to see the segment.
            segments::attach(segments::THREADS, STEP)?;
            self.end.set(segments::THREADS + STEP);
        }
        if top > self.end.get() {
            let end = top
                .checked_next_multiple_of(STEP)
                .filter(|end| end - segments::THREADS <= segments::MOST)?;
            // SAFETY: the segment grows.
            unsafe { segments::grow(segments::THREADS, end) }?;
            self.end.set(end);
        }
        self.used.set(top);
        Some(top)
    }
}

fn class_of(size: usize) -> Option<usize> {
    let class = size.checked_next_power_of_two()?.trailing_zeros() - SMALLEST.trailing_zeros();
    Some(class as usize).filter(|&class| class < CLASSES)
}

/// How large a stack of that class can be, in bytes.
const fn size_of_class(class: usize) -> usize {
    SMALLEST << class
}

/// The moat of the stack that ends there.
const fn moat(top: usize) -> usize {
    if top <= SMALL_BASE { MOAT } else { SMALL_MOAT }
}

fn link(top: usize) -> *mut usize {
    ptr::with_exposed_provenance_mut(top - LINK)
}

/// Gives the memory of a deep stack back to the kernel, if there is any: a deep one has left
/// something in the page just below what is kept, a return address at least, unless one frame is
/// larger than the page.
///
/// # Safety
///
/// Nothing on the stack may be needed again.
unsafe fn free_depths(stack: Stack) {
    let kept = stack.top - KEPT;
    let Some(page) = kept.checked_sub(PAGE as usize).filter(|&page| page >= stack.limit) else {
        return;
    };
    // SAFETY: a page of the stack.
    let words: &[usize; PAGE as usize / size_of::<usize>()] =
        unsafe { &*ptr::with_exposed_provenance(page) };
    if words.iter().any(|&word| word != 0) {
        // SAFETY: the caller's. If it fails, the memory stays where it is.
        unsafe { segments::give_back(stack.low, kept) };
    }
}

/// Ends the program if the calling thread stands in its moat. It may stand elsewhere than on its
/// stack: on the private segment, or on memory that the program made a stack of.
#[inline]
pub fn check() {
    let words = per_proc::words();
    if words.is_null() {
        return;
    }
    // SAFETY: the words are mapped and initialised in every proc, and blocks are never freed.
    if let Some(thread) = unsafe { (*words).thread.as_ref() } {
        check_of(thread);
    }
}

/// [`check`], for who knows the calling thread.
#[inline]
pub fn check_of(thread: &ThreadControl) {
    let here = 0u8;
    let at = (&raw const here).addr();
    let low = thread.stack_low.get();
    if at.wrapping_sub(low) < thread.stack_limit.get().wrapping_sub(low) {
        overflowed(thread);
    }
}

unsafe extern "C" {
    /// What the compiler's probe of a large frame goes to; `compiler_builtins` has it.
    safe static __rust_plan9_stack_probe: AtomicPtr<()>;
}

/// The calling thread's next frame goes beyond its stack.
#[cfg_attr(not(test), unsafe(export_name = "__rust_plan9_frame_too_large"))]
#[cfg_attr(test, expect(dead_code))]
extern "C" fn too_large() -> ! {
    // SAFETY: the probe found the thread, and blocks are never freed.
    overflowed(unsafe { &*(*per_proc::words()).thread })
}

/// Whether a stack pointer of this thread shows that it has overflowed: it lies below its own
/// stack, among the others or where the hole begins.
pub fn is_overflow(thread: &ThreadControl, sp: usize) -> bool {
    let lowest =
        if thread.stack_low.get() < segments::THREADS { segments::MAIN } else { segments::THREADS };
    (lowest - PAGE as usize..thread.stack_limit.get()).contains(&sp)
}

/// Ends the program for the calling thread's overflow.
#[cold]
#[inline(never)]
fn overflowed(thread: &ThreadControl) -> ! {
    // What follows stands in the moat too.
    thread.stack_limit.set(thread.stack_low.get());
    tell(thread);
    crate::sys::pal::abort_internal()
}

/// Upstream's words on descriptor 2.
pub fn tell(thread: &ThreadControl) {
    let (name, pid) = (thread.shown_name(), thread.pid.load(Relaxed));
    let text = SmallCStr::new(format_args!("\nthread '{name}' ({pid}) has overflowed its stack\n"));
    let _ = file::write(2, text.as_bytes());
    let _ = file::write(2, b"fatal runtime error: stack overflow, aborting\n");
}
