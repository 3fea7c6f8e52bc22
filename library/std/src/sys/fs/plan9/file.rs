//! An open file.

use plan9_abi::dir::Dir;
use plan9_abi::errors;
use plan9_abi::errors::Kind;
use plan9_abi::sys::file;

use super::append::Append;
use super::attr;
use super::attr::{FileAttr, FilePermissions, FileTimes};
use super::dir::IS_A_DIRECTORY;
use super::open::{OpenOptions, Opened};
use crate::ffi::OsStr;
use crate::fs::TryLockError;
use crate::io::{BorrowedCursor, IoSlice, IoSliceMut, SeekFrom};
use crate::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use crate::path::Path;
use crate::sync::atomic::AtomicBool;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sys::fd::FileDesc;
use crate::sys::fd::channel::Channel;
use crate::sys::pal::{cvt, cvt_r, errstr, fd_name};
use crate::sys::{FromInner, IntoInner};
use crate::{fmt, io};

/// Where `seek` counts from.
const FROM_START: u32 = 0;
const FROM_HERE: u32 = 1;
const FROM_END: u32 = 2;

pub struct File {
    fd: FileDesc,
    /// Each write goes to the end as it is then.
    append: Option<Append>,
    /// It is known to have been opened for writing.
    written: bool,
    /// It is known to be no directory, which is asked at the first read. Whoever asks gets the same
    /// answer, so no ordering is needed.
    plain: AtomicBool,
}

const NO_LOCKS: io::Error = io::const_error!(
    io::ErrorKind::Unsupported,
    "Plan 9 has no locks on open files; a file can be made for exclusive use (DMEXCL)",
);

impl File {
    pub fn new(fd: FileDesc, append: Option<Append>, written: bool) -> File {
        File { fd, append, written, plain: AtomicBool::new(false) }
    }

    pub fn open(path: &Path, options: &OpenOptions) -> io::Result<File> {
        options.open(path).map(File::of)
    }

    /// Opens a file by a name that begins with a kernel device's, which no path does.
    pub fn open_device(name: &OsStr, options: &OpenOptions) -> io::Result<File> {
        options.open_device(name).map(File::of)
    }

    fn of(Opened { fd, append, writes }: Opened) -> File {
        File::new(fd, append, writes)
    }

    fn raw(&self) -> i32 {
        self.fd.raw()
    }

    pub fn file_attr(&self) -> io::Result<FileAttr> {
        let attr = attr::read(|buf| file::fstat(self.raw(), buf))?;
        if attr.file_type().is_file() {
            self.plain.store(true, Relaxed);
        }
        self.fd.learn(attr.device_type, attr.length);
        Ok(attr)
    }

    /// Fails for a directory. Its bytes are records, or nothing at all if the buffer is small, and
    /// a program that reads a file must not take it for an empty one. A directory's channel refuses
    /// to say where it stands (`port/sysfile.c:sseek`), which asks no file server anything.
    fn check_plain(&self) -> io::Result<()> {
        if !self.plain.load(Relaxed) {
            let here = file::seek(self.raw(), 0, FROM_HERE);
            if here.is_err() && errstr::last_error_is_kind(Kind::IsADirectory) {
                return Err(IS_A_DIRECTORY);
            }
            self.plain.store(true, Relaxed);
        }
        Ok(())
    }

    fn change(&self, dir: &Dir<'_>) -> io::Result<()> {
        attr::change(dir, |record| file::fwstat(self.raw(), record))
    }

    /// A record that changes nothing asks the server to bring the file to stable storage (man
    /// 5/stat).
    pub fn fsync(&self) -> io::Result<()> {
        self.change(&Dir::UNCHANGED)
    }

    pub fn datasync(&self) -> io::Result<()> {
        self.fsync()
    }

    pub fn lock(&self) -> io::Result<()> {
        Err(NO_LOCKS)
    }

    pub fn lock_shared(&self) -> io::Result<()> {
        Err(NO_LOCKS)
    }

    pub fn try_lock(&self) -> Result<(), TryLockError> {
        Err(TryLockError::Error(NO_LOCKS))
    }

    pub fn try_lock_shared(&self) -> Result<(), TryLockError> {
        Err(TryLockError::Error(NO_LOCKS))
    }

    pub fn unlock(&self) -> io::Result<()> {
        Err(NO_LOCKS)
    }

    /// A server looks at the file's permissions and not at how it was opened (man 5/stat), so that
    /// is looked at here.
    pub fn truncate(&self, size: u64) -> io::Result<()> {
        if !self.written && Channel::of(self.raw()).is_some_and(|channel| !channel.written) {
            return Err(io::Error::from_raw_os_error(errors::BAD_USE_OF_FD));
        }
        // All ones would leave the length as it is, and offsets are signed.
        if i64::try_from(size).is_err() {
            return Err(io::const_error!(io::ErrorKind::InvalidInput, "the length is too large"));
        }
        self.change(&Dir { length: size, ..Dir::UNCHANGED })
    }

    pub fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.check_plain()?;
        self.fd.read(buf)
    }

    pub fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        io::default_read_vectored(|buf| self.read(buf), bufs)
    }

    pub fn is_read_vectored(&self) -> bool {
        false
    }

    pub fn read_buf(&self, cursor: BorrowedCursor<'_, u8>) -> io::Result<()> {
        self.check_plain()?;
        self.fd.read_buf(cursor)
    }

    pub fn write(&self, buf: &[u8]) -> io::Result<usize> {
        match &self.append {
            Some(append) => append.write(&self.fd, buf),
            None => self.fd.write(buf),
        }
    }

    /// Reads at `offset` and leaves the file's own where it is.
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let offset = signed(offset)?;
        self.check_plain()?;
        if buf.is_empty() { Ok(0) } else { cvt(file::pread(self.raw(), buf, offset)) }
    }

    /// Writes at `offset` and leaves the file's own where it is.
    pub fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        let offset = signed(offset)?;
        if buf.is_empty() { Ok(0) } else { cvt(file::pwrite(self.raw(), buf, offset)) }
    }

    pub fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        io::default_write_vectored(|buf| self.write(buf), bufs)
    }

    pub fn is_write_vectored(&self) -> bool {
        false
    }

    pub fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    pub fn seek(&self, place: SeekFrom) -> io::Result<u64> {
        let (offset, whence) = match place {
            // What is no signed offset the kernel refuses as negative.
            SeekFrom::Start(offset) => (offset as i64, FROM_START),
            SeekFrom::Current(offset) => (offset, FROM_HERE),
            SeekFrom::End(offset) => (offset, FROM_END),
        };
        cvt_r(|| file::seek(self.raw(), offset, whence))
    }

    pub fn size(&self) -> Option<io::Result<u64>> {
        None
    }

    pub fn tell(&self) -> io::Result<u64> {
        self.seek(SeekFrom::Current(0))
    }

    pub fn duplicate(&self) -> io::Result<File> {
        Ok(File::new(self.fd.duplicate()?, self.append.clone(), self.written))
    }

    pub fn set_permissions(&self, perm: FilePermissions) -> io::Result<()> {
        self.change(&attr::with_permissions(&self.file_attr()?, perm))
    }

    pub fn set_times(&self, times: FileTimes) -> io::Result<()> {
        times.record()?.map_or(Ok(()), |changed| self.change(&changed))
    }
}

/// An offset as the kernel takes it: to it, all ones would mean the file's own.
fn signed(offset: u64) -> io::Result<i64> {
    i64::try_from(offset)
        .map_err(|_| io::const_error!(io::ErrorKind::InvalidInput, "the offset is too large"))
}

impl IntoInner<FileDesc> for File {
    /// The descriptor alone: that each write is to go to the end is forgotten.
    fn into_inner(self) -> FileDesc {
        self.fd
    }
}

impl FromInner<FileDesc> for File {
    fn from_inner(fd: FileDesc) -> File {
        File::new(fd, None, false)
    }
}

impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for File {
    fn as_raw_fd(&self) -> RawFd {
        self.raw()
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut name = [0; 256];
        let mut debug = f.debug_struct("File");
        debug.field("fd", &self.raw());
        if let Some(name) = fd_name(self.raw(), &mut name) {
            debug.field("path", &crate::bstr::ByteStr::new(name));
        }
        debug.finish()
    }
}
