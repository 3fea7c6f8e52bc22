//! Plan 9, as 9front keeps it.
//!
//! A program is one text and one data and bss segment, shared by all its threads, which are procs
//! made by `rfork` with `RFMEM`. Two facts of that kernel shape everything here. The stack segment
//! of a proc is its own, at the same address in each, so no thread may run where a reference could
//! be given away: every thread, main included, runs on a stack from shared memory, and the stack
//! segment serves for [private](crate::sys::thread::per_proc) words. And the kernel knows threads
//! of no program: ending all of them is [`exit`]'s.

#![deny(unsafe_op_in_unsafe_fn)]

/// A static that the unit tests of std must share with the std they run on: there is one heap, one
/// list of threads.
macro_rules! shared_static {
    ($(#[$meta:meta])* $vis:vis static $name:ident: $ty:ty = $init:expr; $symbol:literal) => {
        $(#[$meta])*
        #[cfg(not(test))]
        #[unsafe(export_name = $symbol)]
        $vis static $name: $ty = $init;

        #[cfg(test)]
        unsafe extern "Rust" {
            #[link_name = $symbol]
            $vis safe static $name: $ty;
        }

        // What it begins with is still what the tests are compiled for.
        #[cfg(test)]
        const _: $ty = $init;
    };
}

pub(crate) use shared_static;

pub mod arch;
pub mod broken;
pub mod deadline;
pub mod devices;
pub mod errstr;
pub mod exit;
#[cfg(not(test))]
mod long_double;
pub mod namespace;
pub mod notes;
pub mod proc_file;
pub mod segments;
pub mod small_cstr;
#[cfg(not(test))]
mod start;
pub mod symbols;
#[cfg(all(not(test), feature = "panic-unwind"))]
mod unwind_tables;

pub use exit::exit_with;
use plan9_abi::flags::open;
use plan9_abi::sys::{file, process};

use crate::ffi::OsString;
use crate::io;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sys::io::codes;
use crate::sys::thread::control;

/// Runs before `main`, on the main thread; what must stand earlier is done by the start code.
///
/// # Safety
///
/// Must be called only once during runtime initialization.
pub unsafe fn init(argc: isize, argv: *const *const u8, _sigpipe: u8) {
    open_streams();
    crate::sys::args::init(argc, argv);
}

/// Opens those of the first three descriptors that are not: what is opened next would be a stream
/// by accident, and a panic be written to it.
fn open_streams() {
    while let Ok(fd) = devices::open_device(c"/dev/null", c"#c/null", open::RDWR) {
        if fd > 2 {
            let _ = file::close(fd);
            break;
        }
    }
}

/// # Safety
///
/// Must be called only once during runtime cleanup.
pub unsafe fn cleanup() {}

pub fn unsupported<T>() -> io::Result<T> {
    Err(unsupported_err())
}

pub fn unsupported_err() -> io::Error {
    io::Error::UNSUPPORTED_PLATFORM
}

/// Ends every thread; the status is `abort`.
pub fn abort_internal() -> ! {
    exit::exit_with(c"abort")
}

/// The program's process id: that of its main thread's proc, whichever thread asks. It is the
/// number by which the parent waits for the program and ends it.
pub fn getpid() -> u32 {
    // Relaxed: the start code stores it before there is another thread.
    control::MAIN.pid.load(Relaxed)
}

/// Sets the calling proc's alarm in milliseconds, 0 for none; what was left of the one before.
pub fn alarm(ms: u32) -> io::Result<u32> {
    cvt(process::alarm(ms))
}

/// The `io::Error` of a system call of this thread that has just failed.
pub fn last_error() -> io::Error {
    io::Error::from_raw_os_error(codes::take())
}

/// A system call's result with its error.
pub(crate) fn cvt<T>(result: plan9_abi::sys::Result<T>) -> io::Result<T> {
    result.map_err(|_| last_error())
}

/// How often a call is made again that fails before it has asked for anything.
pub(crate) const CLONES: u32 = 8;

/// Whether the kernel failed to get hold of a mount's root. It says so where a note broke that, and
/// where the server is gone; nothing has been asked of the server in either case.
pub(crate) fn is_failed_clone(why: &io::Error) -> bool {
    why.raw_os_error() == Some(plan9_abi::errors::CLONE_FAILED)
}

/// The same for a call that is made again where a note breaks it. That does nothing twice: the
/// kernel's own files wait before they do anything, and a file server that was told to forget a
/// request has not acted on it (man 5/flush). The exceptions are commands that connect or announce
/// and writes to queues, which go on without their caller. A server that acts all the same does no
/// harm to calls that may be done twice; those that may not are in `sys::fs`'s `again`.
pub(crate) fn cvt_r<T>(mut call: impl FnMut() -> plan9_abi::sys::Result<T>) -> io::Result<T> {
    let mut clones = 0;
    loop {
        match cvt(call()) {
            Err(why) if why.is_interrupted() => {}
            Err(why) if clones < CLONES && is_failed_clone(&why) => clones += 1,
            result => return result,
        }
    }
}

/// Bytes as a string of this system, where any can be one.
pub fn os_string(bytes: Vec<u8>) -> OsString {
    // SAFETY: the encoding of this system's strings is any bytes.
    unsafe { OsString::from_encoded_bytes_unchecked(bytes) }
}

/// The name by which a descriptor was opened, cut to the buffer.
pub fn fd_name(fd: i32, buf: &mut [u8]) -> Option<&[u8]> {
    file::fd2path(fd, buf).ok()?;
    Some(plan9_abi::sys::error::until_nul(buf))
}
