//! Files of procs (man 3/proc).
//!
//! The kernel's own device is asked, not `/proc`: that is not there in a name space that was left
//! empty, and what is there may be another machine's procs. Only where a sandbox allows no devices,
//! `/proc` is what there is.

use plan9_abi::errors;
use plan9_abi::flags::open;
use plan9_abi::sys::{Result, file};

use super::errstr::{last_error_is, retry};
use super::small_cstr::SmallCStr;

/// Opens a proc's file. Takes neither memory nor a lock; the reason of a failure is in the error
/// string.
pub fn open(pid: u32, what: &str, mode: u32) -> Result<i32> {
    let open = |directory: &str| {
        let name = SmallCStr::new(format_args!("{directory}/{pid}/{what}"));
        retry(|| file::open(name.as_c_str(), mode | open::CEXEC))
    };
    let opened = open("#p");
    if opened.is_err() && last_error_is(errors::ATTACH_DISALLOWED) { open("/proc") } else { opened }
}

/// Reads the beginning of a proc's file.
pub fn read(pid: u32, what: &str, buf: &mut [u8]) -> Result<usize> {
    let fd = open(pid, what, open::READ)?;
    let read = retry(|| file::read(fd, buf));
    let _ = file::close(fd);
    read
}

/// Writes a message to a proc's file.
pub fn write(pid: u32, what: &str, message: &[u8]) -> Result<()> {
    let fd = open(pid, what, open::WRITE)?;
    let written = retry(|| file::write(fd, message));
    let _ = file::close(fd);
    written.map(drop)
}
