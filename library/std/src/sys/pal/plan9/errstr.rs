//! The error string of the last system call, for code that may take neither memory nor a lock.
//!
//! The kernel keeps one string for each proc (man 2/errstr). It is looked at here and stays where
//! it is. What makes an `io::Error` of it is [`codes`](crate::sys::io::codes).

use plan9_abi::errors::{self, Kind, Known};
use plan9_abi::sys::{Result, error};

/// Whether this thread's last system call failed for the reason with this code; the kernel keeps
/// the string. Takes neither memory nor a lock.
pub fn last_error_is(code: i32) -> bool {
    peek().is_some_and(|known| known.code == code)
}

/// The same for a reason of this kind.
pub fn last_error_is_kind(kind: Kind) -> bool {
    peek().is_some_and(|known| known.kind == kind)
}

/// What is known of the error string, which stays.
fn peek() -> Option<&'static Known> {
    let mut text = error::take();
    let known = crate::str::from_utf8(error::until_nul(&text)).ok().and_then(errors::classify);
    error::swap(&mut text);
    known
}

/// Makes a call again as long as notes break it, as [`cvt_r`](super::cvt_r) does, but takes
/// neither memory nor a lock.
pub fn retry<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        let result = call();
        if result.is_ok() || !last_error_is(errors::INTERRUPTED) {
            return result;
        }
    }
}
