//! The error string of the process (man 2/errstr).

use super::call;
use crate::layout::ERRMAX;
use crate::sysno;

/// Exchanges `text` (with its NUL) with the process's error string.
pub fn swap(text: &mut [u8; ERRMAX]) {
    // SAFETY: the buffer is as long as is said. The call cannot fail with a mapped buffer of that
    // size.
    let _ = unsafe { call(sysno::ERRSTR, [text.as_mut_ptr() as usize, ERRMAX, 0, 0, 0]) };
}

/// Takes the error string and leaves an empty one: the bytes before the NUL of what is returned.
pub fn take() -> [u8; ERRMAX] {
    let mut text = [0; ERRMAX];
    swap(&mut text);
    text
}

/// The bytes before the first NUL.
pub fn until_nul(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
    &text[..end]
}
