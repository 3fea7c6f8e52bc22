//! The name space: which files the names mean (man 2/bind, 4/namespace).
//!
//! A name space belongs to a group of procs, and a thread is a proc. All threads of a program share
//! theirs, and share it with whoever started the program: [`bind`], [`mount`](Mount::on) and
//! [`unmount`] change it for all of them. A thread that wants it for itself [`leave`]s the group
//! first; from then on its names may mean something else than those of the other threads, and the
//! threads and children that it starts are in its group. Files that are open stay what they are.
//!
//! A name that begins with `#` is a device's. Others are looked up as those of [`fs`](crate::fs),
//! from the program's working directory.
//!
//! # Examples
//!
//! ```
//! use std::fs;
//! use std::os::plan9::namespace::{self, Groups, Union};
//!
//! fn main() -> std::io::Result<()> {
//!     // Whoever started the program is not to see it.
//!     namespace::leave(Groups::NAME_SPACE)?;
//!     namespace::bind("/dev/sysname", "/dev/user", Union::Replace, false)?;
//!     assert_eq!(fs::read("/dev/user")?, fs::read("/dev/sysname")?);
//!     namespace::unmount(None::<&str>, "/dev/user")?;
//!     assert_ne!(fs::read("/dev/user")?, fs::read("/dev/sysname")?);
//!     Ok(())
//! }
//! ```

use plan9_abi::flags;

#[stable(feature = "rust1", since = "1.0.0")]
pub use super::process::Union;
use crate::ffi::{CStr, CString};
use crate::io;
use crate::ops::BitOr;
use crate::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use crate::path::Path;
use crate::sys::namespace as imp;

/// The flags of bind and mount.
pub(crate) fn flags_of(union: Union, create: bool) -> u32 {
    let order = match union {
        Union::Replace => flags::bind::REPL,
        Union::Before => flags::bind::BEFORE,
        Union::After => flags::bind::AFTER,
    };
    order | if create { flags::bind::CREATE } else { 0 }
}

/// Makes `old` show what `new` is. With `create`, files that are created in the union may be
/// created there: without any such member, it cannot be created in.
///
/// # Errors
///
/// What the kernel says: a name that is not there, a directory on a file or a file on a directory
/// (`inconsistent mount`), a union of files.
#[stable(feature = "rust1", since = "1.0.0")]
pub fn bind<N: AsRef<Path>, O: AsRef<Path>>(
    new: N,
    old: O,
    union: Union,
    create: bool,
) -> io::Result<()> {
    imp::bind(new.as_ref(), old.as_ref(), flags_of(union, create))
}

/// Takes what was bound or mounted from `new` off `old`, or with `None` everything.
///
/// # Errors
///
/// What the kernel says: a name that is not there; `not mounted` or `not in union`, if there is
/// nothing of the kind.
#[stable(feature = "rust1", since = "1.0.0")]
pub fn unmount<N: AsRef<Path>, O: AsRef<Path>>(new: Option<N>, old: O) -> io::Result<()> {
    imp::unmount(new.as_ref().map(AsRef::as_ref), old.as_ref())
}

/// A file server to be mounted: what is on the other end of a descriptor that can be read and
/// written, and speaks 9P.
///
/// # Examples
///
/// ```no_run
/// use std::fs::File;
/// use std::os::plan9::namespace::{Mount, Union};
///
/// fn main() -> std::io::Result<()> {
///     let server = File::options().read(true).write(true).open("/srv/boot")?;
///     Mount::new(server).union(Union::After).create(true).on("/n/boot")
/// }
/// ```
#[derive(Debug)]
#[must_use = "nothing is mounted before `on` is called"]
#[stable(feature = "rust1", since = "1.0.0")]
pub struct Mount {
    server: OwnedFd,
    auth: Option<OwnedFd>,
    tree: CString,
    union: Union,
    create: bool,
    cache: bool,
}

impl Mount {
    /// The server's default tree, without authentication, which is to hide what stood there.
    #[stable(feature = "rust1", since = "1.0.0")]
    pub fn new<F: Into<OwnedFd>>(server: F) -> Mount {
        let (auth, tree, union) = (None, CString::default(), Union::Replace);
        Mount { server: server.into(), auth, tree, union, create: false, cache: false }
    }

    /// The authentication's file, on which it has been done (man 2/fauth).
    #[stable(feature = "rust1", since = "1.0.0")]
    pub fn auth<F: Into<OwnedFd>>(mut self, auth: F) -> Mount {
        self.auth = Some(auth.into());
        self
    }

    /// Which of the server's trees it is.
    #[stable(feature = "rust1", since = "1.0.0")]
    pub fn tree(mut self, tree: &CStr) -> Mount {
        self.tree = tree.to_owned();
        self
    }

    /// How it stands to what was there.
    #[stable(feature = "rust1", since = "1.0.0")]
    pub fn union(mut self, union: Union) -> Mount {
        self.union = union;
        self
    }

    /// Whether files that are created in the union may be created there.
    #[stable(feature = "rust1", since = "1.0.0")]
    pub fn create(mut self, create: bool) -> Mount {
        self.create = create;
        self
    }

    /// Whether the kernel may keep what it has read, as long as the files' versions stay the same.
    #[stable(feature = "rust1", since = "1.0.0")]
    pub fn cache(mut self, cache: bool) -> Mount {
        self.cache = cache;
        self
    }

    /// Mounts it. The server's file is closed.
    ///
    /// # Errors
    ///
    /// What the kernel or the server says, for one a file that cannot be both read and written
    /// (`inappropriate use of fd`).
    #[stable(feature = "rust1", since = "1.0.0")]
    pub fn on<O: AsRef<Path>>(self, old: O) -> io::Result<()> {
        let cache = if self.cache { flags::bind::CACHE } else { 0 };
        let flags = flags_of(self.union, self.create) | cache;
        let auth = self.auth.as_ref().map(|auth| auth.as_raw_fd());
        imp::mount(self.server.as_raw_fd(), auth, old.as_ref(), flags, &self.tree)?;
        // The kernel has closed it, and its number may already be another's.
        let _ = self.server.into_raw_fd();
        Ok(())
    }
}

/// Groups of procs (man 2/fork). Joined by `|`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[stable(feature = "rust1", since = "1.0.0")]
pub struct Groups(u32);

impl Groups {
    /// The name space, for a copy of it (`RFNAMEG`).
    #[stable(feature = "rust1", since = "1.0.0")]
    pub const NAME_SPACE: Groups = Groups(flags::rfork::NAMEG);
    /// The name space, for an empty one, in which only devices are found, by their names with a `#`
    /// (`RFCNAMEG`).
    #[stable(feature = "rust1", since = "1.0.0")]
    pub const TO_EMPTY_NAME_SPACE: Groups = Groups(flags::rfork::CNAMEG);
    /// The environment, for a copy of it (`RFENVG`).
    #[stable(feature = "rust1", since = "1.0.0")]
    pub const ENVIRONMENT: Groups = Groups(flags::rfork::ENVG);
    /// The environment, for an empty one (`RFCENVG`).
    #[stable(feature = "rust1", since = "1.0.0")]
    pub const TO_EMPTY_ENVIRONMENT: Groups = Groups(flags::rfork::CENVG);
    /// Those that notes are posted to together (`RFNOTEG`): what is posted to the program's group,
    /// by the interrupt key say, does not reach the thread any more.
    #[stable(feature = "rust1", since = "1.0.0")]
    pub const NOTES: Groups = Groups(flags::rfork::NOTEG);
    /// None, but the name space that the thread is in then can reach no device but those of pipes,
    /// descriptors, the environment, the console and processes, and nothing can be mounted in it,
    /// for good (`RFNOMNT`). Without [`NAME_SPACE`](Self::NAME_SPACE) that is the program's.
    #[stable(feature = "rust1", since = "1.0.0")]
    pub const WITHOUT_DEVICES: Groups = Groups(flags::rfork::NOMNT);
}

#[stable(feature = "rust1", since = "1.0.0")]
impl BitOr for Groups {
    type Output = Groups;

    fn bitor(self, other: Groups) -> Groups {
        Groups(self.0 | other.0)
    }
}

/// Takes the calling thread, and no other, out of these groups. The descriptors cannot be left:
/// those that std has opened are the program's, and each thread may use them.
///
/// # Errors
///
/// What the kernel says, for one to a copy and an empty one of the same (`bad arg in system call`).
#[stable(feature = "rust1", since = "1.0.0")]
pub fn leave(groups: Groups) -> io::Result<()> {
    imp::leave(groups.0)
}
