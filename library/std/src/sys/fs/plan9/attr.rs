//! What a directory record says of a file, and the changes of it that wstat takes.

use plan9_abi::dir::{Dir, FIXED_SIZE, Qid};
use plan9_abi::flags::mode;
use plan9_abi::sys;
use plan9_abi::sys::file;

use crate::io;
use crate::path::Path;
use crate::sys::pal::cvt_r;
use crate::sys::paths::cwd::with_name_or_device;
use crate::sys::time::{SystemTime, UNIX_EPOCH};
use crate::time::Duration;

/// The permission bits of a mode; those above them say what kind of file it is.
const PERMISSIONS: u32 = 0o777;
const WRITABLE: u32 = 0o222;

#[derive(Clone, Debug)]
pub struct FileAttr {
    pub qid: Qid,
    /// With the kernel's device, this and the qid's path are the file's identity.
    pub device_type: u16,
    pub device: u32,
    pub mode: u32,
    pub length: u64,
    /// Seconds since 1970.
    pub atime: u32,
    pub mtime: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePermissions {
    mode: u32,
}

#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct FileType {
    directory: bool,
}

#[derive(Copy, Clone, Debug, Default)]
pub struct FileTimes {
    accessed: Option<SystemTime>,
    modified: Option<SystemTime>,
}

impl FileAttr {
    pub fn of(dir: &Dir<'_>) -> FileAttr {
        FileAttr {
            qid: dir.qid,
            device_type: dir.device_type,
            device: dir.device,
            mode: dir.mode,
            length: dir.length,
            atime: dir.atime,
            mtime: dir.mtime,
        }
    }

    /// What `stat` says of a name, which is a kernel device's where it begins with `#`.
    pub fn named(name: &Path) -> io::Result<FileAttr> {
        with_name_or_device(name, |name| read(|buf| file::stat(name, buf)))
    }

    /// Whether both are one file.
    pub fn is_same_file(&self, other: &FileAttr) -> bool {
        (self.device_type, self.device, self.qid.path, self.qid.kind)
            == (other.device_type, other.device, other.qid.path, other.qid.kind)
    }

    pub fn size(&self) -> u64 {
        self.length
    }

    pub fn perm(&self) -> FilePermissions {
        FilePermissions { mode: self.mode }
    }

    pub fn file_type(&self) -> FileType {
        FileType { directory: self.mode & mode::DIR != 0 }
    }

    pub fn modified(&self) -> io::Result<SystemTime> {
        time(self.mtime)
    }

    pub fn accessed(&self) -> io::Result<SystemTime> {
        time(self.atime)
    }

    pub fn created(&self) -> io::Result<SystemTime> {
        Err(io::const_error!(io::ErrorKind::Unsupported, "Plan 9 keeps no time of creation",))
    }
}

fn time(seconds: u32) -> io::Result<SystemTime> {
    let since = Duration::from_secs(seconds.into());
    UNIX_EPOCH.checked_add_duration(&since).ok_or(io::Error::UNSUPPORTED_PLATFORM)
}

impl FilePermissions {
    pub fn from_mode(mode: u32) -> FilePermissions {
        FilePermissions { mode }
    }

    pub fn mode(&self) -> u32 {
        self.mode
    }

    pub fn readonly(&self) -> bool {
        self.mode & WRITABLE == 0
    }

    pub fn set_readonly(&mut self, readonly: bool) {
        if readonly {
            self.mode &= !WRITABLE;
        } else {
            self.mode |= WRITABLE;
        }
    }
}

impl FileType {
    pub fn is_dir(&self) -> bool {
        self.directory
    }

    pub fn is_file(&self) -> bool {
        !self.directory
    }

    pub fn is_symlink(&self) -> bool {
        false
    }
}

impl FileTimes {
    pub fn set_accessed(&mut self, t: SystemTime) {
        self.accessed = Some(t);
    }

    pub fn set_modified(&mut self, t: SystemTime) {
        self.modified = Some(t);
    }

    /// The record that sets the time of change, in whole seconds. The time of access is the
    /// server's own, and to ask for it is refused before anything is changed. `None` if there is
    /// nothing to do.
    pub fn record(&self) -> io::Result<Option<Dir<'static>>> {
        if self.accessed.is_some() {
            return Err(io::const_error!(
                io::ErrorKind::Unsupported,
                "Plan 9 cannot set the access time of a file; set the modification time alone",
            ));
        }
        let Some(modified) = self.modified else { return Ok(None) };
        let seconds = modified.sub_time(&UNIX_EPOCH).ok().map(|since| since.as_secs());
        // All ones would leave the time as it is.
        let mtime = seconds.and_then(|seconds| u32::try_from(seconds).ok()).filter(|&s| s != !0);
        let Some(mtime) = mtime else {
            return Err(io::const_error!(
                io::ErrorKind::InvalidInput,
                "the time does not fit a file's record",
            ));
        };
        Ok(Some(Dir { mtime, ..Dir::UNCHANGED }))
    }
}

/// The record that sets permissions and leaves the file's kind alone.
pub fn with_permissions(attr: &FileAttr, perm: FilePermissions) -> Dir<'static> {
    let mode = attr.mode & !PERMISSIONS | perm.mode & PERMISSIONS;
    Dir { mode, ..Dir::UNCHANGED }
}

/// Reads a record by a call that says how long it is when the buffer is too small.
pub fn read(call: impl Fn(&mut [u8]) -> sys::Result<usize>) -> io::Result<FileAttr> {
    let mut small = [0; 512];
    let n = cvt_r(|| call(&mut small))?;
    if let Some((dir, _)) = Dir::parse(&small[..n]) {
        return Ok(FileAttr::of(&dir));
    }
    let size = 2 + usize::from(u16::from_le_bytes([small[0], small[1]]));
    // The name can have become longer in between; then there is an error, and no second try.
    let mut whole = vec![0; size.max(FIXED_SIZE)];
    let n = cvt_r(|| call(&mut whole))?;
    Dir::parse(&whole[..n]).map(|(dir, _)| FileAttr::of(&dir)).ok_or(MALFORMED)
}

pub const NAME_TOO_LONG: io::Error =
    io::const_error!(io::ErrorKind::InvalidFilename, "name too long");

/// What a server sent that is no record.
pub const MALFORMED: io::Error =
    io::const_error!(io::ErrorKind::InvalidData, "malformed directory record");

/// Sends a record that changes something.
pub fn change(dir: &Dir<'_>, call: impl Fn(&[u8]) -> sys::Result<()>) -> io::Result<()> {
    let mut record = vec![0; dir.size()];
    let Some(_) = dir.write(&mut record) else {
        return Err(NAME_TOO_LONG);
    };
    cvt_r(|| call(&record))
}
