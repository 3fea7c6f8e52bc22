//! The waiters of all futexes: who waits on which address, in the order they came.
//!
//! A waiter puts itself into one of a fixed set of lists by the futex's address. Its record is in
//! its control block: a record on a stack could be on a stack that is private. A list has a spin
//! lock, which nobody holds over a system call that waits. Nothing here allocates or uses
//! thread-locals.

use plan9_abi::sys::{process, sync};

use super::control::ThreadControl;
use crate::cell::Cell;
use crate::sync::atomic::AtomicBool;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sys::pal::shared_static;
use crate::{hint, ptr};

const LISTS: usize = 64;

/// Waiters whose futexes share a hash.
#[repr(align(64))]
pub struct Waiters {
    locked: AtomicBool,
    first: Cell<*const ThreadControl>,
    last: Cell<*const ThreadControl>,
}

// SAFETY: the list is touched under the lock alone.
unsafe impl Sync for Waiters {}

shared_static! {
    static TABLE: [Waiters; LISTS] = [const {
        Waiters {
            locked: AtomicBool::new(false),
            first: Cell::new(ptr::null()),
            last: Cell::new(ptr::null()),
        }
    }; LISTS];
    "__rust_plan9_futexes"
}

/// A list whose lock is held.
pub struct Locked<'a>(&'a Waiters);

impl Waiters {
    /// The list of an address.
    pub fn of(address: usize) -> &'static Self {
        // Fibonacci hashing; the two low bits are always 0.
        let hash = (address >> 2).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        &TABLE[hash >> (usize::BITS - LISTS.trailing_zeros())]
    }

    /// Takes the lock.
    pub fn lock(&self) -> Locked<'_> {
        let mut tries = 0u32;
        while self.locked.swap(true, Acquire) {
            tries += 1;
            if tries < 100 {
                hint::spin_loop();
            } else {
                // The holder may have lost its processor.
                let _ = process::sleep(0);
            }
        }
        Locked(self)
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.0.locked.store(false, Release);
    }
}

impl Locked<'_> {
    /// Appends the calling thread, which begins to wait on `address`.
    pub fn push(&self, thread: &'static ThreadControl, address: usize) {
        thread.slot.1.begin(address as u64);
        thread.waits_next.store(ptr::null_mut(), Relaxed);
        // SAFETY: control blocks are never freed.
        match unsafe { self.0.last.get().as_ref() } {
            Some(last) => last.waits_next.store(ptr::from_ref(thread).cast_mut(), Relaxed),
            None => self.0.first.set(thread),
        }
        self.0.last.set(thread);
    }

    /// Takes out one thread, if it is in the list.
    pub fn take_thread(&self, thread: &'static ThreadControl) -> bool {
        self.take(|waiter| ptr::eq(waiter, thread)).is_some()
    }

    /// Takes out the first waiter that `wanted` accepts.
    fn take(
        &self,
        wanted: impl Fn(&'static ThreadControl) -> bool,
    ) -> Option<&'static ThreadControl> {
        let mut before: Option<&'static ThreadControl> = None;
        let mut at = self.0.first.get();
        // SAFETY: control blocks are never freed.
        while let Some(thread) = unsafe { at.as_ref() } {
            let next = thread.waits_next.load(Relaxed).cast_const();
            if wanted(thread) {
                match before {
                    Some(before) => before.waits_next.store(next.cast_mut(), Relaxed),
                    None => self.0.first.set(next),
                }
                if next.is_null() {
                    self.0.last.set(before.map_or(ptr::null(), ptr::from_ref));
                }
                thread.slot.1.taken();
                return Some(thread);
            }
            before = Some(thread);
            at = next;
        }
        None
    }
}

/// Wakes the first waiter on an address; whether there was one.
pub fn wake(address: usize) -> bool {
    let on_it = |waiter: &ThreadControl| waiter.slot.1.address() == address as u64;
    let woken = Waiters::of(address).lock().take(on_it);
    match woken {
        Some(thread) => {
            let _ = sync::semrelease(&thread.wake, 1);
            true
        }
        None => false,
    }
}

/// Deadline thread: ends the wait of `thread`, which was seen to wait on `address`, if it still
/// waits and its time has come.
pub fn expire(thread: &'static ThreadControl, address: usize, now: u64) {
    let list = Waiters::of(address).lock();
    let is_due = |waiter: &ThreadControl| ptr::eq(waiter, thread) && waiter.slot.1.is_due(now);
    if list.take(is_due).is_some() {
        thread.slot.1.expire();
        drop(list);
        let _ = sync::semrelease(&thread.wake, 1);
    }
}
