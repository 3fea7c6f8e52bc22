//! Plan 9-specific extensions to primitives in [`std::fs`](crate::fs): what a directory record says
//! (man 5/stat), modes of `open` and `create` (man 2/open), and reading and writing at a place (man
//! 2/read).
//!
//! # Appending
//!
//! The kernel cannot open a file for appending. For one that was opened with
//! [`append`](OpenOptions::append), each write looks for the end and writes there, and all writes
//! of a program to the same file take turns: by several handles, by clones, and by threads that
//! share one. What one write is given stays in one piece.
//!
//! Other programs do not take part in that: what two of them append at the same moment can
//! overwrite each other. For them the file itself must be append-only, by its mode. Its server then
//! puts each write at the end, whoever made it, a message of some 8 to 32 KiB at a time. Such a
//! file cannot be written elsewhere than at its end, and many servers do not cut it when it is
//! opened with [`truncate`](OpenOptions::truncate). So a file becomes append-only only where a
//! program asks for it as it creates it:
//!
//! ```
//! use std::fs::{self, OpenOptions};
//! use std::io::Write;
//! use std::os::plan9::fs::OpenOptionsExt;
//!
//! /// The file is append-only (man 5/open).
//! const DMAPPEND: u32 = 1 << 30;
//!
//! fn main() -> std::io::Result<()> {
//!     let name = format!("/tmp/log.{}", std::process::id());
//!     let mut options = OpenOptions::new();
//!     options.append(true).create(true).mode(DMAPPEND | 0o644);
//!     let mut log = options.open(&name)?;
//!     log.write_all(b"started\n")?;
//!     fs::remove_file(&name)
//! }
//! ```
//!
//! # Examples
//!
//! ```
//! use std::fs::{self, OpenOptions};
//! use std::os::plan9::fs::{FileExt, MetadataExt, OpenOptionsExt};
//!
//! /// Removed when it is closed (man 2/open).
//! const ORCLOSE: u32 = 64;
//!
//! fn main() -> std::io::Result<()> {
//!     let name = format!("/tmp/example.{}", std::process::id());
//!     let mut options = OpenOptions::new();
//!     options.read(true).write(true).create_new(true);
//!     let file = options.mode(0o600).custom_flags(ORCLOSE).open(&name)?;
//!     assert_eq!(file.metadata()?.mode(), 0o600);
//!     file.write_all_at(b"one two", 0)?;
//!     let mut end = [0; 3];
//!     file.read_exact_at(&mut end, 4)?;
//!     assert_eq!(&end, b"two");
//!     drop(file);
//!     assert!(!fs::exists(&name)?);
//!     Ok(())
//! }
//! ```

use crate::ffi::OsStr;
use crate::fs::{File, Metadata, OpenOptions, Permissions};
use crate::io;
use crate::sys::{AsInner, AsInnerMut, FromInner};

/// What std does not ask of a file's record.
#[stable(feature = "rust1", since = "1.0.0")]
pub trait MetadataExt {
    /// The file's number on its server; with [`dev`](Self::dev) and [`dev_type`](Self::dev_type)
    /// its identity.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn qid_path(&self) -> u64;
    /// Changes with every change of the file.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn qid_version(&self) -> u32;
    /// The upper byte of the mode: directory, append-only, exclusive use.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn qid_type(&self) -> u8;
    /// Permissions and DMDIR, DMAPPEND, DMEXCL, DMTMP.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn mode(&self) -> u32;
    /// The letter of the kernel device, `M` for a file server's.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn dev_type(&self) -> u16;
    /// Which instance of the device.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn dev(&self) -> u32;
}

#[stable(feature = "rust1", since = "1.0.0")]
impl MetadataExt for Metadata {
    fn qid_path(&self) -> u64 {
        self.as_inner().qid.path
    }

    fn qid_version(&self) -> u32 {
        self.as_inner().qid.version
    }

    fn qid_type(&self) -> u8 {
        self.as_inner().qid.kind
    }

    fn mode(&self) -> u32 {
        self.as_inner().mode
    }

    fn dev_type(&self) -> u16 {
        self.as_inner().device_type
    }

    fn dev(&self) -> u32 {
        self.as_inner().device
    }
}

/// Permissions as bits (man 5/stat).
#[stable(feature = "rust1", since = "1.0.0")]
pub trait PermissionsExt {
    /// The mode, with the bits above the permissions where it comes from a file's record.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn mode(&self) -> u32;
    /// Of these bits the lower nine count: read, write and execute, for owner, group and others.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn from_mode(mode: u32) -> Self;
}

#[stable(feature = "rust1", since = "1.0.0")]
impl PermissionsExt for Permissions {
    fn mode(&self) -> u32 {
        self.as_inner().mode()
    }

    fn from_mode(mode: u32) -> Permissions {
        Permissions::from_inner(crate::sys::fs::FilePermissions::from_mode(mode))
    }
}

/// What `open` and `create` can be asked beside what std knows (man 2/open).
#[stable(feature = "rust1", since = "1.0.0")]
pub trait OpenOptionsExt {
    /// The mode of a file that is created: nine permission bits, which the server and-s with the
    /// directory's, DMAPPEND, DMEXCL, DMTMP (man 5/open). 0o666 if it is not set.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn mode(&mut self, mode: u32) -> &mut Self;
    /// Further mode bits, as ORCLOSE. The kernel refuses to open a file with one that it does not
    /// know ([`InvalidInput`](io::ErrorKind::InvalidInput)).
    #[stable(feature = "rust1", since = "1.0.0")]
    fn custom_flags(&mut self, flags: u32) -> &mut Self;
    /// Opens a file of a kernel device by its name from there, as `#c/sysname` (man 3/intro). No
    /// path leads to it, for a path that begins with `#` is relative, and names a file in the
    /// working directory. To list a device's directory, or to use its files by path,
    /// [bind](super::namespace::bind) it to one.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a name that does not begin with `#`; what
    /// the kernel says, for one `unknown device in # filename`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::fs::File;
    /// use std::io::Read;
    /// use std::os::plan9::fs::OpenOptionsExt;
    ///
    /// fn main() -> std::io::Result<()> {
    ///     let mut name = String::new();
    ///     File::options().read(true).open_device("#c/sysname")?.read_to_string(&mut name)?;
    ///     assert!(!name.is_empty());
    ///     Ok(())
    /// }
    /// ```
    #[stable(feature = "rust1", since = "1.0.0")]
    fn open_device<S: AsRef<OsStr>>(&self, name: S) -> io::Result<File>;
}

#[stable(feature = "rust1", since = "1.0.0")]
impl OpenOptionsExt for OpenOptions {
    fn mode(&mut self, mode: u32) -> &mut OpenOptions {
        self.as_inner_mut().mode(mode);
        self
    }

    fn custom_flags(&mut self, flags: u32) -> &mut OpenOptions {
        self.as_inner_mut().flags(flags);
        self
    }

    fn open_device<S: AsRef<OsStr>>(&self, name: S) -> io::Result<File> {
        crate::sys::fs::File::open_device(name.as_ref(), self.as_inner()).map(File::from_inner)
    }
}

/// Reading and writing at an offset in bytes, which leaves that of the file where it is.
///
/// Not of use where offsets mean nothing, as on pipes and conversations: the kernel takes no notice
/// of them there. An offset of 2^63 or more is [`InvalidInput`](io::ErrorKind::InvalidInput).
#[stable(feature = "rust1", since = "1.0.0")]
pub trait FileExt {
    /// Reads at an offset; how many bytes, 0 at the end (`pread` in man 2/read).
    ///
    /// # Errors
    ///
    /// What the kernel says.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes at an offset; how many bytes (`pwrite` in man 2/read). Also where the file was opened
    /// with `append`; what is written to a file that is append-only itself (DMAPPEND) its server
    /// adds to the end.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize>;

    /// Fills the buffer from an offset on, and reads on after an interruption.
    ///
    /// # Errors
    ///
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the file ends before, or what the kernel
    /// says.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn read_exact_at(&self, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buf.is_empty() {
            match self.read_at(buf, offset) {
                Ok(0) => return Err(io::Error::READ_EXACT_EOF),
                Ok(n) => {
                    buf = &mut buf[n..];
                    offset += n as u64;
                }
                Err(why) if why.is_interrupted() => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }

    /// Writes all of the buffer from an offset on.
    ///
    /// # Errors
    ///
    /// [`WriteZero`](io::ErrorKind::WriteZero) if the server takes nothing, or what the kernel
    /// says.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn write_all_at(&self, mut buf: &[u8], mut offset: u64) -> io::Result<()> {
        while !buf.is_empty() {
            match self.write_at(buf, offset) {
                Ok(0) => return Err(io::Error::WRITE_ALL_EOF),
                Ok(n) => {
                    buf = &buf[n..];
                    offset += n as u64;
                }
                Err(why) if why.is_interrupted() => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }
}

#[stable(feature = "rust1", since = "1.0.0")]
impl FileExt for File {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.as_inner().read_at(buf, offset)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.as_inner().write_at(buf, offset)
    }
}
