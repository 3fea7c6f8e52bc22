//! An owned descriptor: what a file, a stream or a pipe's end holds, closed when it is dropped.
//!
//! Closing wakes nobody who waits on the channel behind a descriptor; the file is closed when that wait ends too.

use crate::io::{self, BorrowedCursor};
use crate::sys::pal::cvt;
use crate::sys::pal::text::Text;
use plan9_abi::flags::open;
use plan9_abi::sys::file;

/// The descriptor is open until this is dropped.
#[derive(Debug)]
pub struct FileDesc(i32);

impl FileDesc {
    /// Takes over a descriptor that the kernel has just given and nobody else closes.
    pub fn new(fd: i32) -> FileDesc {
        FileDesc(fd)
    }

    pub fn raw(&self) -> i32 {
        self.0
    }

    /// Reads at the channel's offset. An empty buffer reaches no kernel: on a stream it would wait for data.
    pub fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() { Ok(0) } else { cvt(file::read(self.0, buf)) }
    }

    /// As `read`; what is not read stays as it was, uninitialised memory too.
    pub fn read_buf(&self, mut cursor: BorrowedCursor<'_>) -> io::Result<()> {
        if cursor.capacity() == 0 {
            return Ok(());
        }
        // SAFETY: nothing that is initialised is made otherwise.
        let n = cvt(file::read_uninit(self.0, unsafe { cursor.as_mut() }))?;
        // SAFETY: the kernel has written that many bytes.
        unsafe { cursor.advance(n) };
        Ok(())
    }

    /// Writes at the channel's offset. An empty write would be a record to whoever reads a pipe: the end.
    pub fn write(&self, buf: &[u8]) -> io::Result<usize> {
        if buf.is_empty() { Ok(0) } else { cvt(file::write(self.0, buf)) }
    }

    /// Another descriptor of the same channel, offset included, which exec closes. `dup` gives none of that kind; the
    /// descriptor's own file does (man 3/dup), opened in the way in which the channel itself is open.
    pub fn duplicate(&self) -> io::Result<FileDesc> {
        let name = Text::new(format_args!("#d/{}", self.0));
        let name = name.as_c_str();
        let fd = file::open(name, open::READ | open::CEXEC)
            .or_else(|_| file::open(name, open::WRITE | open::CEXEC))
            .or_else(|_| file::dup(self.0, -1));
        cvt(fd).map(FileDesc)
    }
}

impl Drop for FileDesc {
    fn drop(&mut self) {
        let _ = file::close(self.0);
    }
}
