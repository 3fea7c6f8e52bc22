//! The address space (man 2/brk, 2/segattach).

use core::ffi::CStr;

use super::{Result, call};
use crate::sysno;

/// Moves the end of the bss to `end`, rounded up to a page. The new part is zero, and every proc
/// that shares the memory sees it.
///
/// # Safety
///
/// Nothing above `end` may be in use. A growth of 2^44 bytes or more corrupts the kernel that was
/// measured.
pub unsafe fn brk(end: usize) -> Result<()> {
    // SAFETY: the caller's.
    unsafe { call(sysno::BRK, [end, 0, 0, 0, 0]) }.map(drop)
}

/// Gives whole pages inside the range back to the kernel; they read as zero afterwards.
///
/// # Safety
///
/// The bytes must be the caller's to lose.
pub unsafe fn segfree(at: usize, len: u32) -> Result<()> {
    // SAFETY: the caller's.
    unsafe { call(sysno::SEGFREE, [at, len as usize, 0, 0, 0]) }.map(drop)
}

/// Attaches `len` bytes of memory at `at`, or with 0 at the highest place below the stack that is
/// free; where it is. The class `memory` is shared by procs that share memory and copied for
/// others, `shared` is shared by all; procs that are there already do not see it
/// ([`crate::flags::segattach`], [`crate::layout::ATTACHABLE_SEGMENTS`]).
///
/// # Safety
///
/// Nothing may rely on those addresses being unmapped.
pub unsafe fn segattach(attributes: u32, class: &CStr, at: usize, len: u32) -> Result<usize> {
    let args = [attributes as usize, class.as_ptr() as usize, at, len as usize, 0];
    // SAFETY: the class ends in a NUL; the rest is the caller's.
    unsafe { call(sysno::SEGATTACH, args) }
}

/// Moves the end of the attached segment that holds `at` to `end`, rounded up to a page. The new
/// part is zero, and every proc that shares the segment sees it.
///
/// # Safety
///
/// Nothing of the segment above `end` may be in use.
pub unsafe fn segbrk(at: usize, end: usize) -> Result<()> {
    // SAFETY: the caller's.
    unsafe { call(sysno::SEGBRK, [at, end, 0, 0, 0]) }.map(drop)
}
