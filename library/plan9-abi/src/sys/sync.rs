//! Semaphores on a word of shared memory, and rendezvous (man 2/semacquire, 2/rendezvous).

use core::sync::atomic::AtomicI32;

use super::{Result, call};
use crate::sysno;

/// Takes one of the semaphore, waiting if `block`: whether it was taken. Fails where a note
/// interrupts.
pub fn semacquire(word: &AtomicI32, block: bool) -> Result<bool> {
    let args = [word.as_ptr() as usize, block.into(), 0, 0, 0];
    // SAFETY: the word is writable memory for as long as the call lasts.
    unsafe { call(sysno::SEMACQUIRE, args) }.map(|taken| taken != 0)
}

/// The same, for at most that many milliseconds of the kernel's own counting, in ticks of 10.
pub fn tsemacquire(word: &AtomicI32, ms: u32) -> Result<bool> {
    let args = [word.as_ptr() as usize, ms as usize, 0, 0, 0];
    // SAFETY: the word is writable memory for as long as the call lasts.
    unsafe { call(sysno::TSEMACQUIRE, args) }.map(|taken| taken != 0)
}

/// Adds to the semaphore and wakes as many waiters; never waits.
pub fn semrelease(word: &AtomicI32, count: i32) -> Result<i32> {
    let args = [word.as_ptr() as usize, super::int(count), 0, 0, 0];
    // SAFETY: the word is writable memory.
    unsafe { call(sysno::SEMRELEASE, args) }.map(super::word)
}

/// Exchanges a word with whoever else comes with the same tag; all ones where a note interrupted.
pub fn rendezvous(tag: usize, value: usize) -> usize {
    // SAFETY: no address is followed. All ones is not told from a failure.
    unsafe { crate::syscall::syscall(sysno::RENDEZVOUS, tag, value, 0, 0, 0) }.cast_unsigned()
}
