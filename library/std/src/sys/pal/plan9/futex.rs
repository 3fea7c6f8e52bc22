//! Futexes on semaphores, for upstream's locks.
//!
//! The kernel has semaphores on a word of shared memory. A waiter puts itself into one of a fixed set of buckets by the
//! futex's address and waits on a semaphore of its own, which is in its control block with the rest of its record: a
//! record on a stack could be on a stack that is private. Nothing here allocates or uses thread-locals. A note wakes
//! the semaphore early; then the wait goes on with what is left of it. A wait without a bound is made of longer and longer
//! ones, between which it is asked whether a thread is [`lost`].

use super::clock;
use super::lost;
use super::thread_control::{self, ThreadControl};
use crate::cell::Cell;
use crate::hint;
use crate::ptr;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::atomic::{Atomic, AtomicBool, AtomicU32};
use crate::time::Duration;
use plan9_abi::sys::{process, sync};

/// An atomic for use as a futex that is at least 32-bits but may be larger
pub type Futex = Atomic<Primitive>;
/// Must be the underlying type of Futex
pub type Primitive = u32;

/// An atomic for use as a futex that is at least 8-bits but may be larger.
pub type SmallFutex = Atomic<SmallPrimitive>;
/// Must be the underlying type of SmallFutex
pub type SmallPrimitive = u32;

const BUCKETS: usize = 64;

/// The longest single wait in the kernel, in milliseconds; longer ones are made of several.
const LONGEST_MS: u64 = 1 << 30;

/// Waiters whose futexes share a hash, in the order they came.
#[repr(align(64))]
struct Bucket {
    locked: AtomicBool,
    first: Cell<*const ThreadControl>,
    last: Cell<*const ThreadControl>,
}

// SAFETY: the list is touched under the lock alone.
unsafe impl Sync for Bucket {}

shared_static! {
    static TABLE: [Bucket; BUCKETS] = [const {
        Bucket {
            locked: AtomicBool::new(false),
            first: Cell::new(ptr::null()),
            last: Cell::new(ptr::null()),
        }
    }; BUCKETS];
    "__rust_plan9_futexes"
}

struct Locked<'a>(&'a Bucket);

impl Bucket {
    fn of(address: usize) -> &'static Self {
        // Fibonacci hashing; the two low bits are always 0.
        let hash = (address >> 2).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        &TABLE[hash >> (usize::BITS - BUCKETS.trailing_zeros())]
    }

    fn lock(&self) -> Locked<'_> {
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
    fn push(&self, thread: &'static ThreadControl, address: usize) {
        thread.waiting_on.store(address, Relaxed);
        thread.waits_next.store(ptr::null_mut(), Relaxed);
        // SAFETY: control blocks are never freed.
        match unsafe { self.0.last.get().as_ref() } {
            Some(last) => last.waits_next.store(ptr::from_ref(thread).cast_mut(), Relaxed),
            None => self.0.first.set(thread),
        }
        self.0.last.set(thread);
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
                thread.waiting_on.store(0, Relaxed);
                return Some(thread);
            }
            before = Some(thread);
            at = next;
        }
        None
    }
}

/// Waits until woken, unless the futex no longer holds `expected`. False only if the time ran out.
pub fn futex_wait(futex: &Atomic<u32>, expected: u32, timeout: Option<Duration>) -> bool {
    let Some(thread) = thread_control::current() else {
        // No thread of ours: let others run, and let the caller look again.
        let _ = process::sleep(0);
        return true;
    };
    // An overflowing deadline is none.
    let deadline = timeout.and_then(clock::deadline);
    let address = futex.as_ptr().addr();
    let bucket = Bucket::of(address);
    {
        let bucket = bucket.lock();
        if futex.load(Relaxed) != expected {
            return true;
        }
        bucket.push(thread, address);
    }
    let mut patience = lost::PATIENCE_MS;
    loop {
        let taken = match deadline {
            None => sync::tsemacquire(&thread.wake, patience),
            Some(deadline) => sync::tsemacquire(&thread.wake, milliseconds_to(deadline)),
        };
        if taken == Ok(true) {
            return true;
        }
        match deadline {
            Some(deadline) if clock::now() >= deadline => break,
            None if taken == Ok(false) => {
                lost::look();
                patience = patience.saturating_mul(2).min(LONGEST_MS as u32);
            }
            _ => {}
        }
    }
    if bucket.lock().take(|waiter| ptr::eq(waiter, thread)).is_some() {
        return false;
    }
    // A waker took the record out: its release is on the way and belongs to this wait.
    while sync::semacquire(&thread.wake, true) != Ok(true) {}
    true
}

/// Wakes one waiter; whether there was one.
pub fn futex_wake(futex: &Atomic<u32>) -> bool {
    wake(futex.as_ptr().addr())
}

/// Wakes all waiters.
pub fn futex_wake_all(futex: &Atomic<u32>) {
    while wake(futex.as_ptr().addr()) {}
}

fn wake(address: usize) -> bool {
    let woken =
        Bucket::of(address).lock().take(|waiter| waiter.waiting_on.load(Relaxed) == address);
    match woken {
        Some(thread) => {
            let _ = sync::semrelease(&thread.wake, 1);
            true
        }
        None => false,
    }
}

/// What the kernel is asked to wait: rounded up, for it must not be early.
fn milliseconds_to(deadline: u64) -> u32 {
    let left = deadline.saturating_sub(clock::now());
    left.div_ceil(1_000_000).min(LONGEST_MS) as u32
}

/// Waits until a word is no longer 0.
pub fn wait_while_zero(word: &AtomicU32) {
    while word.load(Acquire) == 0 {
        futex_wait(word, 0, None);
    }
}
