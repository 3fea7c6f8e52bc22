//! An owned descriptor: what a file, a stream or a pipe's end holds, closed when it is dropped.
//!
//! Closing wakes nobody who waits on the channel behind a descriptor; the file is closed when that
//! wait ends too.
//!
//! A large read or write of a mounted file becomes several messages, and where a note breaks one of
//! them the kernel says nothing of those before (`port/devmnt.c:mntrdwr`). A file is read or
//! written again at the same offset, so nothing is lost. A stream, such as another machine's pipe,
//! loses what it gave. So no call moves more of a stream than one message holds.

pub mod channel;

use channel::Channel;
use plan9_abi::dir::Dir;
use plan9_abi::flags::open;
use plan9_abi::queue::MAX_ATOMIC;
use plan9_abi::sys::file;

use crate::io::{BorrowedCursor, IoSlice, IoSliceMut, Read};
use crate::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sys::pal::errstr::retry;
use crate::sys::pal::small_cstr::SmallCStr;
use crate::sys::pal::{cvt, fd_name};
use crate::sys::{AsInner, FromInner, IntoInner};
use crate::{fmt, io};

/// What [`std::os::fd`](crate::os::fd) elsewhere takes from the crate `libc`.
pub mod libc {
    pub const STDIN_FILENO: i32 = 0;
    pub const STDOUT_FILENO: i32 = 1;
    pub const STDERR_FILENO: i32 = 2;

    /// Closes a descriptor. The kernel takes it out of the table before anything else, so it is
    /// gone whatever comes back (`port/sysfile.c:fdclose`).
    ///
    /// # Safety
    ///
    /// It must be the caller's to close.
    pub unsafe fn close(fd: i32) -> plan9_abi::sys::Result<()> {
        plan9_abi::sys::file::close(fd)
    }
}

/// What the smallest message holds that servers agree on, in bytes.
pub const SMALLEST_MESSAGE: usize = 8192;

/// The kernel device of files that a server has.
pub const MOUNTED: u16 = b'M' as u16;

/// The descriptor is open until this is dropped.
pub struct FileDesc {
    fd: OwnedFd,
    /// How much one call may move, in bytes. It is asked for at the first call that is larger than
    /// the smallest message; 0 before. Whoever asks gets the same answer, so no ordering is needed.
    most: AtomicUsize,
}

impl FileDesc {
    /// Takes over a descriptor that the kernel has just given and nobody else closes.
    pub fn new(fd: i32) -> FileDesc {
        // SAFETY: the caller's.
        FileDesc::from_inner(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    pub fn raw(&self) -> i32 {
        self.fd.as_raw_fd()
    }

    /// Takes notice of what the file's record says: of what is no stream, one call may move any
    /// number of bytes.
    pub fn learn(&self, device_type: u16, length: u64) {
        if !is_stream(device_type, length) {
            self.most.store(usize::MAX, Relaxed);
        }
    }

    /// How much of so many bytes one call may move.
    fn part(&self, wanted: usize) -> usize {
        if wanted <= SMALLEST_MESSAGE {
            return wanted;
        }
        if self.most.load(Relaxed) == 0 {
            self.most.store(most(self.raw()), Relaxed);
        }
        wanted.min(self.most.load(Relaxed))
    }

    /// Reads at the channel's offset. An empty buffer reaches no kernel: on a stream it would wait
    /// for data.
    pub fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let part = self.part(buf.len());
        cvt(file::read(self.raw(), &mut buf[..part]))
    }

    /// As `read`; what is not read stays as it was, uninitialised memory too.
    pub fn read_buf(&self, mut cursor: BorrowedCursor<'_, u8>) -> io::Result<()> {
        if cursor.capacity() == 0 {
            return Ok(());
        }
        let part = self.part(cursor.capacity());
        // SAFETY: nothing that is initialised is made otherwise.
        let n = cvt(file::read_uninit(self.raw(), unsafe { &mut cursor.as_mut()[..part] }))?;
        // SAFETY: the kernel has written that many bytes.
        unsafe { cursor.advance(n) };
        Ok(())
    }

    /// Writes at the channel's offset, at most as much as a queue takes at once.
    pub fn write(&self, buf: &[u8]) -> io::Result<usize> {
        write(self.raw(), &buf[..self.part(buf.len().min(MAX_ATOMIC))])
    }

    pub fn duplicate(&self) -> io::Result<FileDesc> {
        duplicate(self.as_fd()).map(FileDesc::from_inner)
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

/// Whether a file may be a stream of a file server's: a mounted file that has no length is taken
/// for one.
fn is_stream(device_type: u16, length: u64) -> bool {
    device_type == MOUNTED && length == 0
}

/// How much one call may move of what is behind a descriptor: of a stream of a file server's, one
/// message.
pub fn most(fd: RawFd) -> usize {
    let mut record = [0; 512];
    let length = retry(|| file::fstat(fd, &mut record)).unwrap_or(0);
    match Dir::parse(&record[..length]) {
        Some((dir, _)) if !is_stream(dir.device_type, dir.length) => usize::MAX,
        _ => message(fd),
    }
}

/// What one message to a file's server holds, in bytes.
pub fn message(fd: RawFd) -> usize {
    let unit = Channel::of(fd).map(|channel| channel.iounit);
    unit.filter(|&unit| unit > 0).unwrap_or(SMALLEST_MESSAGE)
}

/// Writes at the channel's offset. A note may break a write, and writing again must not say a thing
/// twice: what a pipe or a conversation was given is in its queue by then (`port/qio.c:qbwrite`),
/// if it is one piece. An empty write would be a record to whoever reads a pipe: the end.
///
/// Of a file server's answer nobody can tell. A server that was told to forget a request has not
/// acted on it (man 5/flush), but exportfs answers with what its own call said, and its pipe has
/// the bytes by then (`cmd/exportfs/exportsrv.c:slavewrite`). Both reach the program as
/// `interrupted`. The error is passed on, and `write_all` writes again: a message to another
/// machine's pipe may be said twice, and no message is lost.
pub fn write(fd: RawFd, piece: &[u8]) -> io::Result<usize> {
    if piece.is_empty() {
        return Ok(0);
    }
    cvt(file::write(fd, piece)).or_else(|why| {
        if why.is_interrupted() && is_queue(fd) { Ok(piece.len()) } else { Err(why) }
    })
}

/// A pipe, or the data of a conversation: the kernel's own, or by its name one of TCP's that is
/// another machine's.
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

/// Another descriptor of the same channel, offset included, which exec closes. `dup` gives none of
/// that kind; the descriptor's own file does (man 3/dup), opened in the way in which the channel
/// itself is open.
pub fn duplicate(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let name = SmallCStr::new(format_args!("#d/{}", fd.as_raw_fd()));
    let name = name.as_c_str();
    let new = file::open(name, open::READ | open::CEXEC)
        .or_else(|_| file::open(name, open::WRITE | open::CEXEC))
        .or_else(|_| file::dup(fd.as_raw_fd(), -1));
    // SAFETY: the kernel has just given it.
    cvt(new).map(|new| unsafe { OwnedFd::from_raw_fd(new) })
}

impl fmt::Debug for FileDesc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FileDesc").field(&self.fd).finish()
    }
}

impl AsInner<OwnedFd> for FileDesc {
    fn as_inner(&self) -> &OwnedFd {
        &self.fd
    }
}

impl IntoInner<OwnedFd> for FileDesc {
    fn into_inner(self) -> OwnedFd {
        self.fd
    }
}

impl FromInner<OwnedFd> for FileDesc {
    fn from_inner(fd: OwnedFd) -> FileDesc {
        FileDesc { fd, most: AtomicUsize::new(0) }
    }
}

impl AsFd for FileDesc {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for FileDesc {
    fn as_raw_fd(&self) -> RawFd {
        self.raw()
    }
}

impl IntoRawFd for FileDesc {
    fn into_raw_fd(self) -> RawFd {
        self.fd.into_raw_fd()
    }
}

impl FromRawFd for FileDesc {
    unsafe fn from_raw_fd(fd: RawFd) -> FileDesc {
        // SAFETY: the caller's.
        FileDesc::from_inner(unsafe { OwnedFd::from_raw_fd(fd) })
    }
}
