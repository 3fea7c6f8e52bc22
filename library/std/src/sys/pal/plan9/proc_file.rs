//! Files of procs (man 3/proc).
//!
//! The kernel's own device is asked, not `/proc`: that is not there in a name space that was left empty, and what is there
//! may be another machine's procs. Only where a sandbox allows no devices, `/proc` is what there is.

use super::errstr::{unbroken, was};
use super::text::Text;
use plan9_abi::errors;
use plan9_abi::flags::open;
use plan9_abi::sys::{Result, file};

/// Opens a proc's file. Takes neither memory nor a lock; the reason of a failure is in the error string.
pub fn open(pid: u32, what: &str, mode: u32) -> Result<i32> {
    let open = |directory: &str| {
        let name = Text::new(format_args!("{directory}/{pid}/{what}"));
        unbroken(|| file::open(name.as_c_str(), mode | open::CEXEC))
    };
    let opened = open("#p");
    if opened.is_err() && was(errors::ATTACH_DISALLOWED) { open("/proc") } else { opened }
}

/// Reads the beginning of a proc's file.
pub fn read(pid: u32, what: &str, buf: &mut [u8]) -> Result<usize> {
    let fd = open(pid, what, open::READ)?;
    let read = unbroken(|| file::read(fd, buf));
    let _ = file::close(fd);
    read
}

/// Writes a message to a proc's file.
pub fn write(pid: u32, what: &str, message: &[u8]) -> Result<()> {
    let fd = open(pid, what, open::WRITE)?;
    let written = unbroken(|| file::write(fd, message));
    let _ = file::close(fd);
    written.map(drop)
}
