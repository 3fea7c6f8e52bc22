//! The address space (man 2/brk, 2/segattach).

use super::{Result, call};
use crate::sysno;

/// Moves the end of the bss to `end`, rounded up to a page. The new part is zero, and every proc that shares the
/// memory sees it.
///
/// # Safety
///
/// Nothing above `end` may be in use. A growth of 2^44 bytes or more corrupts the kernel that was measured.
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
