//! Futexes, for std's locks: waits on a word ([`wait`]).

use crate::sync::atomic::Atomic;
use crate::sys::thread::wait;
use crate::time::Duration;

/// An atomic for use as a futex that is at least 32-bits but may be larger
pub type Futex = Atomic<Primitive>;
/// Must be the underlying type of Futex
pub type Primitive = u32;

/// An atomic for use as a futex that is at least 8-bits but may be larger.
pub type SmallFutex = Atomic<SmallPrimitive>;
/// Must be the underlying type of SmallFutex
pub type SmallPrimitive = u32;

/// Waits until woken, unless the futex no longer holds `expected`. False only if the time ran out.
pub fn futex_wait(futex: &Atomic<u32>, expected: u32, timeout: Option<Duration>) -> bool {
    wait::wait(futex, expected, timeout)
}

/// Wakes one waiter; whether there was one.
pub fn futex_wake(futex: &Atomic<u32>) -> bool {
    wait::wake(futex)
}

/// Wakes all waiters.
pub fn futex_wake_all(futex: &Atomic<u32>) {
    wait::wake_all(futex)
}
