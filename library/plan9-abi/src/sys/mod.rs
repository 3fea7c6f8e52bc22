//! The system calls with types, by topic.
//!
//! Each wrapper keeps the two promises that every caller would otherwise have to remember: no empty
//! slice's dangling pointer reaches the kernel (even with length 0 it ends the process), and no
//! length is one that the kernel takes for negative. What failed is told by [`error::errstr`], on
//! the thread that made the call, before its next one.

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

/// The address that stands for an empty slice: one that is mapped. It is not in the text, for the
/// kernel wants a read's buffer to be writable even where its length is 0.
fn mapped() -> usize {
    static MAPPED: core::sync::atomic::AtomicU8 = core::sync::atomic::AtomicU8::new(0);
    MAPPED.as_ptr().expose_provenance()
}

/// The address and length of bytes that the kernel reads.
fn place(bytes: &[u8]) -> (usize, usize) {
    match bytes.len() {
        0 => (mapped(), 0),
        len => (bytes.as_ptr().expose_provenance(), len.min(MAX_TRANSFER)),
    }
}

/// The address and length of a buffer that the kernel writes, initialised or not. The pointer comes
/// from the mutable reference: one from a shared reference would not allow the write.
fn place_mut<Byte>(buffer: &mut [Byte]) -> (usize, usize) {
    match buffer.len() {
        0 => (mapped(), 0),
        len => (buffer.as_mut_ptr().expose_provenance(), len.min(MAX_TRANSFER)),
    }
}
