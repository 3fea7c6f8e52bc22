//! The system calls with types, by topic.
//!
//! Each wrapper keeps the two promises that every caller would otherwise have to remember: no empty slice's dangling
//! pointer reaches the kernel (even with length 0 it ends the process), and no length is one that the kernel takes for
//! negative. What failed is told by [`error::errstr`], on the thread that made the call, before its next one.

pub mod error;
pub mod file;
pub mod memory;
pub mod note;
pub mod process;
pub mod sync;

use crate::syscall::syscall;

/// The kernel refused; the reason is the process's error string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// What a system call gives.
pub type Result<T> = core::result::Result<T, Failed>;

/// The longest transfer of one call: counts are signed words of 32 bits.
pub const MAX_TRANSFER: usize = 0x7FFF_F000;

/// Makes a call of up to five words.
///
/// # Safety
///
/// As for [`syscall`].
unsafe fn call(number: usize, args: [usize; 5]) -> Result<usize> {
    let [a, b, c, d, e] = args;
    // SAFETY: the caller's.
    let result = unsafe { syscall(number, a, b, c, d, e) };
    if result == crate::sysno::FAILED { Err(Failed) } else { Ok(result.cast_unsigned()) }
}

/// What the kernel makes of a 32-bit result, a descriptor or a pid.
fn word(result: usize) -> i32 {
    result as i32
}

/// An `int` argument: the kernel reads the low half of the word.
fn int(value: i32) -> usize {
    value as u32 as usize
}

/// Where a slice of bytes, initialised or not, lies, and for an empty one a place that is mapped.
fn place<Byte>(bytes: &[Byte]) -> (usize, usize) {
    // Not in the text: a read's buffer must be one that can be written, even with length 0.
    static MAPPED: core::sync::atomic::AtomicU8 = core::sync::atomic::AtomicU8::new(0);
    match bytes.len() {
        0 => (&raw const MAPPED as usize, 0),
        len => (bytes.as_ptr() as usize, len.min(MAX_TRANSFER)),
    }
}
