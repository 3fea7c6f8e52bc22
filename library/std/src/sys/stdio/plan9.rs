//! Descriptors 0, 1 and 2.

use crate::io::{self, BorrowedCursor};
use crate::sys::pal::cvt;
use plan9_abi::errors;
use plan9_abi::sys::file;

pub struct Stdin;
pub struct Stdout;
pub struct Stderr;

/// A standard stream's descriptor.
pub trait Descriptor {
    fn descriptor(&self) -> i32;
}

macro_rules! descriptors {
    ($($number:literal: $($name:ty),*;)*) => {$($(
        impl Descriptor for $name {
            fn descriptor(&self) -> i32 {
                $number
            }
        }
    )*)*};
}

descriptors! {
    0: io::Stdin, io::StdinLock<'_>;
    1: io::Stdout, io::StdoutLock<'_>;
    2: io::Stderr, io::StderrLock<'_>;
}

// There are no open files yet; -1 is no descriptor.
impl Descriptor for crate::fs::File {
    fn descriptor(&self) -> i32 {
        -1
    }
}

impl Stdin {
    pub const fn new() -> Stdin {
        Stdin
    }
}

impl io::Read for Stdin {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() { Ok(0) } else { cvt(file::read(0, buf)) }
    }

    fn read_buf(&mut self, cursor: BorrowedCursor<'_>) -> io::Result<()> {
        io::default_read_buf(|buf| self.read(buf), cursor)
    }
}

fn write(fd: i32, buf: &[u8]) -> io::Result<usize> {
    // An empty write would be an empty record to whoever reads a pipe: the end.
    if buf.is_empty() { Ok(0) } else { cvt(file::write(fd, buf)) }
}

impl Stdout {
    pub const fn new() -> Stdout {
        Stdout
    }
}

impl io::Write for Stdout {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        write(1, buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stderr {
    pub const fn new() -> Stderr {
        Stderr
    }
}

impl io::Write for Stderr {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        write(2, buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub const STDIN_BUF_SIZE: usize = crate::sys::io::DEFAULT_BUF_SIZE;

/// Whether the descriptor is not there, which std takes for a sink.
pub fn is_ebadf(err: &io::Error) -> bool {
    err.raw_os_error() == Some(errors::BAD_FD)
}

pub fn panic_output() -> Option<impl io::Write> {
    Some(Stderr::new())
}
