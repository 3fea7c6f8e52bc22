//! Directories: reading, making and removing them.

use plan9_abi::dir::{Dir, QTDIR};
use plan9_abi::flags::{mode, open};
use plan9_abi::sys::file;

use super::again::{exclusive, removal};
use super::attr::{FileAttr, FileType, MALFORMED};
use super::stat;
use crate::ffi::OsString;
use crate::io::ErrorKind;
use crate::path::{Path, PathBuf};
use crate::sync::Arc;
use crate::sys::fd::FileDesc;
use crate::sys::pal::{cvt_r, os_string};
use crate::sys::paths::cwd::with_name;
use crate::{fmt, io};

/// Room for the largest record: a buffer that is too small for the next one looks like the end to
/// some servers.
const BUFFER: usize = 2 + u16::MAX as usize;

pub(super) const NOT_A_DIRECTORY: io::Error =
    io::const_error!(ErrorKind::NotADirectory, "not a directory");
pub(super) const IS_A_DIRECTORY: io::Error =
    io::const_error!(ErrorKind::IsADirectory, "is a directory");

/// A directory being read. In a union, names that several members have come several times.
pub struct ReadDir {
    root: Arc<PathBuf>,
    fd: FileDesc,
    buffer: Vec<u8>,
    /// What of the buffer has not been given yet.
    from: usize,
    to: usize,
    ended: bool,
}

pub struct DirEntry {
    root: Arc<PathBuf>,
    name: OsString,
    attr: FileAttr,
}

pub fn readdir(path: &Path) -> io::Result<ReadDir> {
    let fd = with_name(path, |name| cvt_r(|| file::open(name, open::READ | open::CEXEC)))?;
    let fd = FileDesc::new(fd);
    let attr = super::attr::read(|buf| file::fstat(fd.raw(), buf))?;
    if attr.qid.kind & QTDIR == 0 {
        return Err(NOT_A_DIRECTORY);
    }
    let root = Arc::new(path.to_path_buf());
    Ok(ReadDir { root, fd, buffer: vec![0; BUFFER], from: 0, to: 0, ended: false })
}

/// No path leads to such a name: some servers take it, and the file is lost to names.
fn is_unreachable(name: &[u8]) -> bool {
    matches!(name, b"" | b"." | b"..") || name.contains(&b'/')
}

impl Iterator for ReadDir {
    type Item = io::Result<DirEntry>;

    fn next(&mut self) -> Option<io::Result<DirEntry>> {
        while !self.ended {
            if self.from == self.to {
                (self.from, self.to) = match self.fd.read(&mut self.buffer) {
                    Ok(0) => break,
                    Ok(n) => (0, n),
                    Err(why) if why.is_interrupted() => continue,
                    Err(why) => {
                        self.ended = true;
                        return Some(Err(why));
                    }
                };
            }
            let Some((dir, rest)) = Dir::parse(&self.buffer[self.from..self.to]) else {
                self.ended = true;
                return Some(Err(MALFORMED));
            };
            self.from = self.to - rest.len();
            if !is_unreachable(dir.name) {
                let name = os_string(dir.name.to_vec());
                let attr = FileAttr::of(&dir);
                return Some(Ok(DirEntry { root: self.root.clone(), name, attr }));
            }
        }
        self.ended = true;
        None
    }
}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.root, f)
    }
}

impl DirEntry {
    pub fn path(&self) -> PathBuf {
        self.root.join(&self.name)
    }

    pub fn file_name(&self) -> OsString {
        self.name.clone()
    }

    /// As it was when the directory was read: the records are what a directory holds.
    pub fn metadata(&self) -> io::Result<FileAttr> {
        Ok(self.attr.clone())
    }

    pub fn file_type(&self) -> io::Result<FileType> {
        Ok(self.attr.file_type())
    }
}

#[derive(Debug)]
pub struct DirBuilder {}

impl DirBuilder {
    pub fn new() -> DirBuilder {
        DirBuilder {}
    }

    /// Without OEXCL a file of that name would be truncated, and a success.
    pub fn mkdir(&self, path: &Path) -> io::Result<()> {
        let access = open::READ | open::EXCL | open::CEXEC;
        let mode = mode::DIR | 0o777;
        let fd = with_name(path, |name| exclusive(|| file::create(name, access, mode)))?;
        let made = FileDesc::new(fd);
        // A device's own tree makes a plain file of it.
        let attr = super::attr::read(|buf| file::fstat(made.raw(), buf))?;
        if attr.qid.kind & QTDIR != 0 {
            return Ok(());
        }
        let _ = remove(path);
        Err(io::const_error!(ErrorKind::Unsupported, "there are no directories here"))
    }
}

/// Removes a file or an empty directory: the kernel does not ask which.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    with_name(path, |name| removal(|| file::remove(name)))
}

pub fn unlink(path: &Path) -> io::Result<()> {
    if stat(path)?.file_type().is_dir() { Err(IS_A_DIRECTORY) } else { remove(path) }
}

pub fn rmdir(path: &Path) -> io::Result<()> {
    if stat(path)?.file_type().is_dir() { remove(path) } else { Err(NOT_A_DIRECTORY) }
}

/// Whole listings are taken before anything is removed, for a removal moves what is behind it; then
/// again, as long as something was removed and something is left: a union uncovers names.
pub fn remove_dir_all(path: &Path) -> io::Result<()> {
    loop {
        let mut removed = 0;
        for entry in readdir(path)?.collect::<io::Result<Vec<_>>>()? {
            let child = entry.path();
            let gone = if entry.attr.file_type().is_dir() {
                remove_dir_all(&child)
            } else {
                remove(&child)
            };
            match gone {
                Ok(()) => removed += 1,
                Err(why) if why.kind() == ErrorKind::NotFound => {}
                Err(why) => return Err(why),
            }
        }
        match remove(path) {
            Err(why) if why.kind() == ErrorKind::DirectoryNotEmpty && removed > 0 => {}
            result => return result,
        }
    }
}
