//! The kernel's own files that std needs: the console's null file, clocks, random bytes, and the
//! like.
//!
//! A name space can be empty, and then has no `/dev`. A sandbox can forbid the device, and then
//! there is only what was bound in `/dev`. So each file has two names.

use plan9_abi::sys::{Result, file};

use super::errstr::retry;
use crate::ffi::CStr;

/// Opens a file by the first of its two names that can be opened. Takes neither memory nor a lock;
/// the reason of a failure is in the error string.
pub fn open_device(name: &CStr, other: &CStr, mode: u32) -> Result<i32> {
    let open = |name| retry(|| file::open(name, mode));
    open(name).or_else(|_| open(other))
}
