//! Opening and creating. `open` never creates and `create` truncates what exists, so std's "create
//! if missing" is both.

use plan9_abi::flags::open;
use plan9_abi::sys::file;

use super::again::exclusive;
use super::append::Append;
use crate::ffi::{CStr, OsStr};
use crate::io;
use crate::io::ErrorKind;
use crate::path::Path;
use crate::sys::fd::FileDesc;
use crate::sys::pal::cvt_r;
use crate::sys::paths::cwd::{with_name, with_name_or_device};

/// How often a file that others create and remove meanwhile is tried for.
const TRIES: usize = 100;

#[derive(Clone, Debug)]
pub struct OpenOptions {
    read: bool,
    write: bool,
    append: bool,
    truncate: bool,
    create: bool,
    create_new: bool,
    /// Permissions of a new file; the server and-s them with the directory's.
    pub(super) mode: u32,
    /// Further mode bits, as ORCLOSE.
    pub(super) flags: u32,
}

/// What an open gives.
pub(super) struct Opened {
    pub fd: FileDesc,
    /// With [`OpenOptions::append`].
    pub append: Option<Append>,
    pub writes: bool,
}

impl OpenOptions {
    pub fn new() -> OpenOptions {
        OpenOptions {
            read: false,
            write: false,
            append: false,
            truncate: false,
            create: false,
            create_new: false,
            mode: 0o666,
            flags: 0,
        }
    }

    pub fn read(&mut self, read: bool) {
        self.read = read;
    }

    pub fn write(&mut self, write: bool) {
        self.write = write;
    }

    pub fn append(&mut self, append: bool) {
        self.append = append;
    }

    pub fn truncate(&mut self, truncate: bool) {
        self.truncate = truncate;
    }

    pub fn create(&mut self, create: bool) {
        self.create = create;
    }

    pub fn create_new(&mut self, create_new: bool) {
        self.create_new = create_new;
    }

    pub fn mode(&mut self, mode: u32) {
        self.mode = mode;
    }

    pub fn flags(&mut self, flags: u32) {
        self.flags = flags;
    }

    /// The access bits, and OCEXEC always; what std's documentation forbids is refused as
    /// elsewhere.
    fn access(&self) -> io::Result<u32> {
        let written = self.write || self.append;
        let makes = self.create || self.truncate || self.create_new;
        // The texts are std's own: programs get the same on every system.
        if (makes && !written) || (self.append && self.truncate && !self.create_new) {
            return Err(io::const_error!(
                ErrorKind::InvalidInput,
                "creating or truncating a file requires write or append access",
            ));
        }
        let access = match (self.read, written) {
            (true, false) => open::READ,
            (false, true) => open::WRITE,
            (true, true) => open::RDWR,
            (false, false) => {
                return Err(io::const_error!(
                    ErrorKind::InvalidInput,
                    "must specify at least one of read, write, or append access",
                ));
            }
        };
        Ok(access | open::CEXEC | self.flags)
    }

    pub(super) fn open(&self, path: &Path) -> io::Result<Opened> {
        let access = self.access()?;
        self.opened(with_name(path, |name| self.descriptor(name, access))?)
    }

    /// Opens a file by a name that begins with a kernel device's, which no path does.
    pub(super) fn open_device(&self, name: &OsStr) -> io::Result<Opened> {
        if !name.as_encoded_bytes().starts_with(b"#") {
            return Err(io::const_error!(
                ErrorKind::InvalidInput,
                "the name of a device begins with `#`",
            ));
        }
        let access = self.access()?;
        let name = Path::new(name);
        self.opened(with_name_or_device(name, |name| self.descriptor(name, access))?)
    }

    fn opened(&self, fd: i32) -> io::Result<Opened> {
        let fd = FileDesc::new(fd);
        let append = if self.append { Some(Append::to(&fd)?) } else { None };
        Ok(Opened { fd, append, writes: self.write || self.append })
    }

    fn descriptor(&self, name: &CStr, access: u32) -> io::Result<i32> {
        let new = || file::create(name, access | open::EXCL, self.mode);
        if self.create_new {
            return exclusive(new);
        }
        if self.create && self.truncate {
            return cvt_r(|| file::create(name, access, self.mode));
        }
        let truncate = if self.truncate { open::TRUNC } else { 0 };
        let mut error = io::Error::from(ErrorKind::NotFound);
        for _ in 0..TRIES {
            match cvt_r(|| file::open(name, access | truncate)) {
                Err(why) if self.create && why.kind() == ErrorKind::NotFound => {}
                opened => return opened,
            }
            match cvt_r(new) {
                Err(why) if why.kind() == ErrorKind::AlreadyExists => error = why,
                created => return created,
            }
        }
        Err(error)
    }
}
