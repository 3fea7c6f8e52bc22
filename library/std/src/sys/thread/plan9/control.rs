//! A thread's control block: what other threads, the deadline thread and the note handler need to
//! know of it.
//!
//! Control blocks are never freed. They are in a list that only grows, and a new thread takes over
//! the block of one that has ended. So the list can be walked without a lock, and a reference to a
//! block stays valid.

use plan9_abi::layout::ERRMAX;

use crate::alloc::{GlobalAlloc, Layout, System};
use crate::cell::{Cell, UnsafeCell};
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
use crate::sys::pal::deadline::slot::Slot;
use crate::sys::pal::deadline::timed_wait::TimedWait;
use crate::sys::pal::shared_static;
use crate::{ptr, str};

/// Thread-local keys with destructors; std itself uses one.
pub const KEYS: usize = 32;

/// The longest name that is kept for messages, in bytes.
pub const NAME_MAX: usize = 63;

/// A stack, by its addresses.
#[derive(Clone, Copy)]
pub struct Stack {
    /// Where the addresses below it start that nothing else uses.
    pub low: usize,
    /// Where it ends.
    pub limit: usize,
    /// Where its proc's stack pointer starts, growing down.
    pub top: usize,
}

/// What the deadline thread looks at, on one cache line: the slot of a timed call, and the record
/// of a timed wait.
#[repr(C, align(64))]
pub struct SlotLine(pub Slot<AtomicU64>, pub TimedWait<AtomicU64>);

/// One thread. Fields without a word on it are the owner's alone.
#[repr(C, align(64))]
pub struct ThreadControl {
    /// First, for the note handler.
    pub slot: SlotLine,
    /// The proc's id, 0 until it runs.
    pub pid: AtomicU32,
    /// `/proc/N/note`, -1 until the thread itself opens it at its first call on a stream.
    pub note_fd: AtomicI32,
    /// `/proc/N/ctl`, -1 until its first call that may not wait, unless
    /// [`exit`](crate::sys::pal::exit) needs it from the beginning.
    pub ctl_fd: AtomicI32,
    /// The semaphore it waits on in a futex.
    pub wake: AtomicI32,
    /// The waiter behind it, under the lock of their list.
    pub waits_next: AtomicPtr<ThreadControl>,
    /// Emulated thread-local storage: a table of blocks by index.
    pub tls: Cell<*mut *mut u8>,
    pub tls_len: Cell<usize>,
    /// Values of the keys.
    pub keys: [Cell<*mut u8>; KEYS],
    /// The error string of the last call of std that failed.
    pub errstr: Cell<[u8; ERRMAX]>,
    /// Which change of the program's directory it has followed ([`cwd`](crate::sys::paths::cwd)).
    pub followed: Cell<u32>,
    /// The stack, by its addresses see [`Stack`].
    pub stack_low: Cell<usize>,
    pub stack_limit: Cell<usize>,
    pub stack_top: Cell<usize>,
    /// What the new proc is to run, and what it tells when it has: `sys::thread`'s.
    pub init: Cell<*mut ()>,
    pub done: Cell<*const AtomicU32>,
    /// The name with its length, for messages from the note handler's side.
    name: UnsafeCell<[u8; NAME_MAX]>,
    name_len: AtomicUsize,
    in_use: AtomicBool,
    /// Written once, before the block is published.
    older: AtomicPtr<ThreadControl>,
}

// SAFETY: what others touch is atomic; the rest is the owner's, handed over by the fork and by
// `in_use`.
unsafe impl Sync for ThreadControl {}

const EMPTY: ThreadControl = ThreadControl {
    slot: SlotLine(
        Slot::new(AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0)),
        TimedWait::new(AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0)),
    ),
    pid: AtomicU32::new(0),
    note_fd: AtomicI32::new(-1),
    ctl_fd: AtomicI32::new(-1),
    wake: AtomicI32::new(0),
    waits_next: AtomicPtr::new(ptr::null_mut()),
    tls: Cell::new(ptr::null_mut()),
    tls_len: Cell::new(0),
    keys: [const { Cell::new(ptr::null_mut()) }; KEYS],
    errstr: Cell::new([0; ERRMAX]),
    followed: Cell::new(0),
    stack_low: Cell::new(0),
    stack_limit: Cell::new(0),
    stack_top: Cell::new(0),
    init: Cell::new(ptr::null_mut()),
    done: Cell::new(ptr::null()),
    name: UnsafeCell::new([0; NAME_MAX]),
    name_len: AtomicUsize::new(0),
    in_use: AtomicBool::new(true),
    older: AtomicPtr::new(ptr::null_mut()),
};

shared_static! {
    /// The main thread's.
    pub static MAIN: ThreadControl = EMPTY;
    "__rust_plan9_main_thread"
}

shared_static! {
    /// The newest block but main's.
    static NEWEST: AtomicPtr<ThreadControl> = AtomicPtr::new(ptr::null_mut());
    "__rust_plan9_threads"
}

impl ThreadControl {
    /// Keeps a name for messages.
    pub fn set_name(&self, name: &[u8]) {
        let len = name.len().min(NAME_MAX);
        self.name_len.store(0, Relaxed);
        // SAFETY: only the owner writes, and readers take no more than the length that is stored
        // behind.
        unsafe { (&mut *self.name.get())[..len].copy_from_slice(&name[..len]) };
        self.name_len.store(len, Release);
    }

    /// The owner's name, empty if it has none. To be asked for on the owner's proc.
    pub fn name(&self) -> &[u8] {
        let len = self.name_len.load(Acquire);
        // SAFETY: the owner wrote that many bytes, and it is the owner that asks.
        unsafe { &(&*self.name.get())[..len] }
    }

    /// The name as messages show it. To be asked for on the owner's proc.
    pub fn shown_name(&self) -> &str {
        if ptr::eq(self, &MAIN) { "main" } else { str::from_utf8(self.name()).unwrap_or("?") }
    }

    /// Gives the thread its stack.
    pub fn set_stack(&self, stack: Stack) {
        self.stack_low.set(stack.low);
        self.stack_limit.set(stack.limit);
        self.stack_top.set(stack.top);
    }

    /// The stack that [`set_stack`](Self::set_stack) gave.
    pub fn stack(&self) -> Stack {
        Stack {
            low: self.stack_low.get(),
            limit: self.stack_limit.get(),
            top: self.stack_top.get(),
        }
    }

    /// Gives the block to whoever starts a thread next. The owner does not touch it again.
    pub fn release(&self) {
        self.pid.store(0, Release);
        self.in_use.store(false, Release);
    }
}

/// A block for a new thread, with nothing in it; `None` if memory is short.
pub fn acquire() -> Option<&'static ThreadControl> {
    let free = all()
        .skip(1)
        .find(|thread| thread.in_use.compare_exchange(false, true, AcqRel, Relaxed).is_ok());
    if let Some(thread) = free {
        thread.name_len.store(0, Relaxed);
        thread.errstr.set([0; ERRMAX]);
        // Destructors that set keys again and again are given up on, and leave values behind.
        thread.keys.iter().for_each(|key| key.set(ptr::null_mut()));
        return Some(thread);
    }
    // SAFETY: the layout is not empty.
    let new = unsafe { System.alloc(Layout::new::<ThreadControl>()) }.cast::<ThreadControl>();
    if new.is_null() {
        return None;
    }
    // SAFETY: fresh memory of that layout.
    unsafe { new.write(EMPTY) };
    let mut newest = NEWEST.load(Acquire);
    loop {
        // SAFETY: just written, and not yet published.
        unsafe { (*new).older.store(newest, Relaxed) };
        match NEWEST.compare_exchange(newest, new, AcqRel, Acquire) {
            // SAFETY: it is never freed.
            Ok(_) => return Some(unsafe { &*new }),
            Err(other) => newest = other,
        }
    }
}

/// Every block, main's first. One whose `pid` is 0 is no thread at the moment.
pub fn all() -> impl Iterator<Item = &'static ThreadControl> {
    let mut next = NEWEST.load(Acquire);
    crate::iter::once(&MAIN).chain(crate::iter::from_fn(move || {
        // SAFETY: a published block is never freed.
        let thread = unsafe { next.as_ref() }?;
        next = thread.older.load(Relaxed);
        Some(thread)
    }))
}
