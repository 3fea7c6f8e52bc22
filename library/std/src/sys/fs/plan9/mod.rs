//! Files as 9P has them: created and opened in two calls, described by one record, renamed within a
//! directory only.
//!
//! There are no links and no locks, and a record's access time cannot be set; what std asks of them
//! is said where it is refused. What a note breaks is done again, as a file is opened again on Unix
//! ([`cvt_r`], and [`again`] for what may not be done twice); reads and writes alone say
//! `Interrupted`, and creations of what must not be there.

mod again;
mod append;
mod attr;
mod dir;
mod file;
mod open;
mod rename;

pub use attr::{FileAttr, FilePermissions, FileTimes, FileType};
pub use dir::{DirBuilder, DirEntry, ReadDir, readdir, remove_dir_all, rmdir, unlink};
pub use file::File;
pub use open::OpenOptions;
use plan9_abi::flags::open as modes;
use plan9_abi::sys::file as calls;
pub use rename::rename;

use crate::io;
use crate::path::{Path, PathBuf};
use crate::sys::fd::FileDesc;
pub use crate::sys::fs::common::{Dir, copy, exists};
use crate::sys::pal::{cvt_r, fd_name, last_error, unsupported};
use crate::sys::paths::cwd::{MAX_NAME, path_of, with_name};

pub fn stat(path: &Path) -> io::Result<FileAttr> {
    with_name(path, |name| attr::read(|buf| calls::stat(name, buf)))
}

/// There are no links to be looked through.
pub fn lstat(path: &Path) -> io::Result<FileAttr> {
    stat(path)
}

pub fn set_perm(path: &Path, perm: FilePermissions) -> io::Result<()> {
    let changed = attr::with_permissions(&stat(path)?, perm);
    with_name(path, |name| attr::change(&changed, |record| calls::wstat(name, record)))
}

/// There are no links to be looked through.
pub fn set_perm_nofollow(path: &Path, perm: FilePermissions) -> io::Result<()> {
    set_perm(path, perm)
}

pub fn set_times(path: &Path, times: FileTimes) -> io::Result<()> {
    let Some(changed) = times.record()? else { return Ok(()) };
    with_name(path, |name| attr::change(&changed, |record| calls::wstat(name, record)))
}

pub fn set_times_nofollow(path: &Path, times: FileTimes) -> io::Result<()> {
    set_times(path, times)
}

/// The name that the kernel keeps for what is opened by this path. Only directories are opened for
/// it, for opening a device's file can do something; a file is its directory's name and its own.
pub fn canonicalize(path: &Path) -> io::Result<PathBuf> {
    let name = match (stat(path)?.file_type().is_dir(), path.parent(), path.file_name()) {
        (false, Some(parent), Some(name)) => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            return Ok(canonicalize(parent)?.join(name));
        }
        _ => with_name(path, |name| {
            let directory = cvt_r(|| calls::open(name, modes::READ | modes::CEXEC))?;
            let directory = FileDesc::new(directory);
            let mut name = vec![0; MAX_NAME];
            fd_name(directory.raw(), &mut name).map(<[u8]>::to_vec).ok_or_else(last_error)
        })?,
    };
    path_of(&name)
}

pub fn readlink(_path: &Path) -> io::Result<PathBuf> {
    unsupported()
}

pub fn symlink(_original: &Path, _link: &Path) -> io::Result<()> {
    unsupported()
}

pub fn link(_source: &Path, _link: &Path) -> io::Result<()> {
    unsupported()
}
