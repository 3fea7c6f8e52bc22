//! Pipes. Each end of the kernel's could be read and written; std uses one direction, and closing both ends ends both.

use crate::fmt;
use crate::io::{self, BorrowedCursor, IoSlice, IoSliceMut, Read};
use crate::sync::Mutex;
use crate::sys::fd::FileDesc;
use crate::sys::pal::cvt;
use plan9_abi::sys::file;

/// Held while a pipe has ends that exec does not close, and while a child is forked: else a child that another thread
/// starts meanwhile would keep an end, and nobody would read its end.
pub static NOT_WHILE_FORKING: Mutex<()> = Mutex::new(());

pub struct Pipe(FileDesc);

/// The end to read and the end to write.
pub fn pipe() -> io::Result<(Pipe, Pipe)> {
    let _lock = NOT_WHILE_FORKING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let (reader, writer) = cvt(file::pipe())?;
    let (reader, writer) = (FileDesc::new(reader), FileDesc::new(writer));
    Ok((Pipe(reader.duplicate()?), Pipe(writer.duplicate()?)))
}

impl Pipe {
    pub fn try_clone(&self) -> io::Result<Self> {
        self.0.duplicate().map(Pipe)
    }

    pub fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }

    pub fn read_buf(&self, cursor: BorrowedCursor<'_>) -> io::Result<()> {
        self.0.read_buf(cursor)
    }

    pub fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        io::default_read_vectored(|buf| self.read(buf), bufs)
    }

    pub fn is_read_vectored(&self) -> bool {
        false
    }

    pub fn read_to_end(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        struct Reader<'a>(&'a Pipe);
        impl Read for Reader<'_> {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                self.0.read(buf)
            }
        }
        Reader(self).read_to_end(buf)
    }

    pub fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    pub fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        io::default_write_vectored(|buf| self.write(buf), bufs)
    }

    pub fn is_write_vectored(&self) -> bool {
        false
    }

    pub fn into_fd(self) -> FileDesc {
        self.0
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pipe").field(&self.0.raw()).finish()
    }
}
