//! Processes and their time (man 2/fork, 2/exec, 2/exits, 2/sleep, 2/await).

use core::ffi::{CStr, c_char};

use super::{Result, call, place_mut, word};
use crate::sysno;

/// Forks or changes the caller's groups ([`crate::flags::rfork`]): the child's pid, and 0 in the
/// child.
///
/// # Safety
///
/// With `MEM` the child runs on its own copy of the stack segment alone: the caller must stand on
/// it.
pub unsafe fn rfork(flags: u32) -> Result<i32> {
    // SAFETY: the caller's.
    unsafe { call(sysno::RFORK, [flags as usize, 0, 0, 0, 0]) }.map(word)
}

/// Replaces the program; returns only if that failed.
///
/// # Safety
///
/// `args` must be pointers to strings that end in a NUL, the last of them null.
pub unsafe fn exec(name: &CStr, args: *const *const c_char) -> Result<()> {
    // SAFETY: the caller's.
    unsafe { call(sysno::EXEC, [name.as_ptr() as usize, args as usize, 0, 0, 0]) }.map(drop)
}

/// Ends this proc alone; `None` and an empty text mean success.
pub fn exits(status: Option<&CStr>) -> ! {
    let at = status.map_or(0, |text| text.as_ptr() as usize);
    loop {
        // SAFETY: null or a text that ends in a NUL. The call does not return.
        let _ = unsafe { call(sysno::EXITS, [at, 0, 0, 0, 0]) };
    }
}

/// Waits for a child of this proc, and puts its record, `pid utime stime rtime 'status'`, into
/// `buf`.
pub fn await_child(buf: &mut [u8]) -> Result<usize> {
    let (at, len) = place_mut(buf);
    // SAFETY: the kernel writes at most `len` bytes.
    unsafe { call(sysno::AWAIT, [at, len, 0, 0, 0]) }
}

/// Sleeps; 0 lets others run and lets notes in, and is never interrupted.
pub fn sleep(ms: u32) -> Result<()> {
    // SAFETY: no address is passed.
    unsafe { call(sysno::SLEEP, [ms.min(i32::MAX as u32) as usize, 0, 0, 0, 0]) }.map(drop)
}

/// Asks for the note `alarm` in that many milliseconds, or for none with 0; what was left of the
/// last one.
pub fn alarm(ms: u32) -> Result<u32> {
    // SAFETY: no address is passed.
    unsafe { call(sysno::ALARM, [ms as usize, 0, 0, 0, 0]) }.map(|left| left as u32)
}

/// Nanoseconds since the epoch.
pub fn nsec() -> u64 {
    // SAFETY: no address is passed. A time is no failure, whatever its bits.
    unsafe { crate::syscall::syscall(sysno::NSEC, 0, 0, 0, 0, 0) }.cast_unsigned() as u64
}
