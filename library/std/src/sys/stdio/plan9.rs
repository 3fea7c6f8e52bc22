//! Descriptors 0, 1 and 2.
//!
//! A note may break a write, and writing again must not say a thing twice. What a pipe or a TCP
//! conversation was given is in its queue by then ([`fd::write`]); a file server that was told to
//! forget the request has not acted on it (man 5/flush). So the first is a write that was done, the
//! second one to be made again. Of more than one message the kernel would not say which were done,
//! so no write is longer than the smallest message that servers agree on.

use plan9_abi::errors;
use plan9_abi::sys::file;

use crate::io;
use crate::io::BorrowedCursor;
use crate::sys::fd;
use crate::sys::pal::cvt;

/// The most that one write gives the kernel, in bytes.
const MAX_WRITE: usize = fd::SMALLEST_MESSAGE;

pub struct Stdin;
pub struct Stdout;
pub struct Stderr;

impl Stdin {
    pub const fn new() -> Stdin {
        Stdin
    }
}

impl io::Read for Stdin {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        // What is open at 0 may change, so nothing is remembered of it.
        let most = if buf.len() > fd::SMALLEST_MESSAGE { fd::most(0) } else { buf.len() };
        let part = buf.len().min(most);
        cvt(file::read(0, &mut buf[..part]))
    }

    fn read_buf(&mut self, cursor: BorrowedCursor<'_, u8>) -> io::Result<()> {
        io::default_read_buf(|buf| self.read(buf), cursor)
    }
}

fn write(fd: i32, buf: &[u8]) -> io::Result<usize> {
    fd::write(fd, &buf[..buf.len().min(MAX_WRITE)])
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

/// Whether the descriptor is not there, or not open in the way in which it is used. std takes it
/// for a sink.
pub fn is_ebadf(err: &io::Error) -> bool {
    matches!(err.raw_os_error(), Some(errors::BAD_FD | errors::BAD_USE_OF_FD))
}

pub fn panic_output() -> Option<impl io::Write> {
    Some(Stderr::new())
}
