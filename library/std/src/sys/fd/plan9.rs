//! An owned descriptor: what a file, a stream or a pipe's end holds, closed when it is dropped.
//!
//! Closing wakes nobody who waits on the channel behind a descriptor; the file is closed when that wait ends too.

use crate::io::{self, BorrowedCursor, IoSlice, IoSliceMut, Read};
use crate::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use crate::sys::pal::text::Text;
use crate::sys::pal::{cvt, fd_name};
use crate::sys::{AsInner, FromInner, IntoInner};
use plan9_abi::dir::Dir;
use plan9_abi::flags::open;
use plan9_abi::queue::MAX_ATOMIC;
use plan9_abi::sys::file;

/// What [`std::os::fd`](crate::os::fd) elsewhere takes from the crate `libc`.
pub mod libc {
    pub const STDIN_FILENO: i32 = 0;
    pub const STDOUT_FILENO: i32 = 1;
    pub const STDERR_FILENO: i32 = 2;

    /// Closes a descriptor. The kernel takes it out of the table before anything else, so it is gone whatever comes
    /// back (`port/sysfile.c:fdclose`).
    ///
    /// # Safety
    ///
    /// It must be the caller's to close.
    pub unsafe fn close(fd: i32) -> plan9_abi::sys::Result<()> {
        plan9_abi::sys::file::close(fd)
    }
}

/// The descriptor is open until this is dropped.
#[derive(Debug)]
pub struct FileDesc(OwnedFd);

impl FileDesc {
    /// Takes over a descriptor that the kernel has just given and nobody else closes.
    pub fn new(fd: i32) -> FileDesc {
        // SAFETY: the caller's.
        FileDesc(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    pub fn raw(&self) -> i32 {
        self.0.as_raw_fd()
    }

    /// Reads at the channel's offset. An empty buffer reaches no kernel: on a stream it would wait for data.
    pub fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() { Ok(0) } else { cvt(file::read(self.raw(), buf)) }
    }

    /// As `read`; what is not read stays as it was, uninitialised memory too.
    pub fn read_buf(&self, mut cursor: BorrowedCursor<'_>) -> io::Result<()> {
        if cursor.capacity() == 0 {
            return Ok(());
        }
        // SAFETY: nothing that is initialised is made otherwise.
        let n = cvt(file::read_uninit(self.raw(), unsafe { cursor.as_mut() }))?;
        // SAFETY: the kernel has written that many bytes.
        unsafe { cursor.advance(n) };
        Ok(())
    }

    /// Writes at the channel's offset, at most as much as a queue takes at once.
    pub fn write(&self, buf: &[u8]) -> io::Result<usize> {
        write(self.raw(), &buf[..buf.len().min(MAX_ATOMIC)])
    }

    pub fn duplicate(&self) -> io::Result<FileDesc> {
        duplicate(self.as_fd()).map(FileDesc)
    }

    // The rest is what a pipe's end is asked for.

    pub fn try_clone(&self) -> io::Result<FileDesc> {
        self.duplicate()
    }

    pub fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        io::default_read_vectored(|buf| self.read(buf), bufs)
    }

    pub fn is_read_vectored(&self) -> bool {
        false
    }

    pub fn read_to_end(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        struct Reader<'a>(&'a FileDesc);
        impl Read for Reader<'_> {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                self.0.read(buf)
            }
        }
        Reader(self).read_to_end(buf)
    }

    pub fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        io::default_write_vectored(|buf| self.write(buf), bufs)
    }

    pub fn is_write_vectored(&self) -> bool {
        false
    }
}

/// Writes at the channel's offset. A note may break a write, and writing again must not say a thing twice: what a pipe or
/// a conversation was given is in its queue by then (`port/qio.c:qbwrite`), if it is one piece. An empty write would be a
/// record to whoever reads a pipe: the end.
pub fn write(fd: RawFd, piece: &[u8]) -> io::Result<usize> {
    if piece.is_empty() {
        return Ok(0);
    }
    cvt(file::write(fd, piece)).or_else(|why| {
        if why.is_interrupted() && is_queue(fd) { Ok(piece.len()) } else { Err(why) }
    })
}

/// A pipe, or the data of a conversation: the kernel's own, or by its name one of TCP's that is another machine's.
fn is_queue(fd: RawFd) -> bool {
    const TCP: &[u8] = b"/tcp/";
    let mut record = [0; 512];
    let length = file::fstat(fd, &mut record).unwrap_or(0);
    let known = Dir::parse(&record[..length]).map(|(dir, _)| (dir.device_type, dir.name));
    match known.map(|(device, name)| (u8::try_from(device), name)) {
        Some((Ok(b'|'), _)) => true,
        Some((Ok(b'I'), name)) => name == b"data",
        _ => {
            let mut name = [0; 128];
            fd_name(fd, &mut name).is_some_and(|name| {
                name.windows(TCP.len()).any(|part| part == TCP) && name.ends_with(b"/data")
            })
        }
    }
}

/// Another descriptor of the same channel, offset included, which exec closes. `dup` gives none of that kind; the
/// descriptor's own file does (man 3/dup), opened in the way in which the channel itself is open.
pub fn duplicate(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let name = Text::new(format_args!("#d/{}", fd.as_raw_fd()));
    let name = name.as_c_str();
    let new = file::open(name, open::READ | open::CEXEC)
        .or_else(|_| file::open(name, open::WRITE | open::CEXEC))
        .or_else(|_| file::dup(fd.as_raw_fd(), -1));
    // SAFETY: the kernel has just given it.
    cvt(new).map(|new| unsafe { OwnedFd::from_raw_fd(new) })
}

impl AsInner<OwnedFd> for FileDesc {
    fn as_inner(&self) -> &OwnedFd {
        &self.0
    }
}

impl IntoInner<OwnedFd> for FileDesc {
    fn into_inner(self) -> OwnedFd {
        self.0
    }
}

impl FromInner<OwnedFd> for FileDesc {
    fn from_inner(fd: OwnedFd) -> FileDesc {
        FileDesc(fd)
    }
}

impl AsFd for FileDesc {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for FileDesc {
    fn as_raw_fd(&self) -> RawFd {
        self.raw()
    }
}

impl IntoRawFd for FileDesc {
    fn into_raw_fd(self) -> RawFd {
        self.0.into_raw_fd()
    }
}

impl FromRawFd for FileDesc {
    unsafe fn from_raw_fd(fd: RawFd) -> FileDesc {
        // SAFETY: the caller's.
        FileDesc(unsafe { OwnedFd::from_raw_fd(fd) })
    }
}
