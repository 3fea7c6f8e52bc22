//! Plan 9-specific extensions to primitives in [`std::process`](crate::process): what a child
//! shares with its parent (man 2/fork), and the texts that processes end with (man 2/exits).
//!
//! A child has its own descriptors, those of its streams, its own rendezvous tags, and a copy of
//! the environment. The rest it shares with its parent, as programs that rc starts do, unless it is
//! asked otherwise: the group that notes are posted to, and the name space. rc's programs share the
//! environment too; a [`Command`] does so where it says
//! [`environment(Group::Shared)`](CommandExt::environment).
//!
//! # Examples
//!
//! ```
//! use std::env;
//! use std::os::plan9::process::{CommandExt, Group, Union};
//! use std::process::Command;
//!
//! fn main() -> std::io::Result<()> {
//!     if env::args().any(|arg| arg == "child") {
//!         // Sees the file of the system's name as that of the user's.
//!         print!("{}", std::fs::read_to_string("/dev/user")?);
//!         return Ok(());
//!     }
//!     let child = Command::new(env::current_exe()?)
//!         .arg("child")
//!         .note_group(true)
//!         .environment(Group::Copied)
//!         .bind("/dev/sysname", "/dev/user", Union::Replace, false)
//!         .output()?;
//!     assert_eq!(child.stdout, std::fs::read("/dev/sysname")?);
//!     assert_ne!(child.stdout, std::fs::read("/dev/user")?);
//!     Ok(())
//! }
//! ```

mod descriptors;

use plan9_abi::layout::ERRMAX;

use crate::ffi::{CStr, OsStr};
use crate::os::plan9::namespace::flags_of;
use crate::path::Path;
use crate::process::{Command, ExitStatus};
use crate::sys::{AsInner, AsInnerMut, exit_with, process as imp};

/// How a child stands to something of its parent's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[stable(feature = "rust1", since = "1.0.0")]
pub enum Group {
    /// What either changes, both see.
    #[stable(feature = "rust1", since = "1.0.0")]
    Shared,
    /// The child begins with a copy of its own.
    #[stable(feature = "rust1", since = "1.0.0")]
    Copied,
    /// The child begins with nothing.
    #[stable(feature = "rust1", since = "1.0.0")]
    Empty,
}

impl Group {
    fn to_sys(self) -> imp::Group {
        match self {
            Group::Shared => imp::Group::Shared,
            Group::Copied => imp::Group::Copied,
            Group::Empty => imp::Group::Empty,
        }
    }
}

/// What [`bind`](CommandExt::bind) makes of what stood there (man 2/bind).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[stable(feature = "rust1", since = "1.0.0")]
pub enum Union {
    /// It is hidden.
    #[stable(feature = "rust1", since = "1.0.0")]
    Replace,
    /// Both are seen, the new one first. Of directories.
    #[stable(feature = "rust1", since = "1.0.0")]
    Before,
    /// Both are seen, the new one last. Of directories.
    #[stable(feature = "rust1", since = "1.0.0")]
    After,
}

/// Plan 9-specific extensions to [`Command`].
#[stable(feature = "rust1", since = "1.0.0")]
pub impl(self) trait CommandExt {
    /// Sets the program's own name, the first of its arguments, which else is the name by which it
    /// is started.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn arg0<S: AsRef<OsStr>>(&mut self, arg: S) -> &mut Command;

    /// Whether the child begins a note group (`RFNOTEG`). Then what is posted to the parent's, by
    /// the interrupt key say, does not reach it, and [`post_group`](super::note::post_group) with
    /// its pid reaches it and its children alone.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn note_group(&mut self, new: bool) -> &mut Command;

    /// The child's environment (`RFENVG`, `RFCENVG`). Without this it is a copy. `Shared` together
    /// with [`env`](Command::env) or its kin fails as the child is started, with
    /// [`InvalidInput`](crate::io::ErrorKind::InvalidInput). After `Empty` or
    /// [`env_clear`](Command::env_clear) the child's `/env` shows its own variables alone, also
    /// where the name space has other trees bound there, as the kernel's `#ec` on 9front: for that
    /// it gets a name space of its own, if [`name_space`](Self::name_space) does not ask for a
    /// shared one.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn environment(&mut self, group: Group) -> &mut Command;

    /// The child's name space (`RFNAMEG`, `RFCNAMEG`). Without this it is shared, or a copy where
    /// [`bind`](Self::bind), [`no_devices`](Self::no_devices) or an empty environment changes it;
    /// `Shared` with such a change fails as the child is started, with
    /// [`InvalidInput`](crate::io::ErrorKind::InvalidInput). In an empty one the program itself is
    /// found only if it was bound.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn name_space(&mut self, group: Group) -> &mut Command;

    /// Makes the child see `new` where `old` is, as man 2/bind says; with `create`, files created
    /// in the union are created there. Binds are made in the order in which they are asked for, in
    /// the program's working directory, before [`current_dir`](Command::current_dir); a name that
    /// begins with `#` is a device's. One that fails is the error of starting the child.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn bind<N: AsRef<Path>, O: AsRef<Path>>(
        &mut self,
        new: N,
        old: O,
        union: Union,
        create: bool,
    ) -> &mut Command;

    /// Whether the child can name no device but those of pipes, descriptors, the environment, the
    /// console and processes (`RFNOMNT`), from when all is bound; its children cannot either.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn no_devices(&mut self, none: bool) -> &mut Command;
}

#[stable(feature = "rust1", since = "1.0.0")]
impl CommandExt for Command {
    fn arg0<S: AsRef<OsStr>>(&mut self, arg: S) -> &mut Command {
        self.as_inner_mut().set_arg_0(arg.as_ref());
        self
    }

    fn note_group(&mut self, new: bool) -> &mut Command {
        self.as_inner_mut().rfork_options.own_notes = new;
        self
    }

    fn environment(&mut self, group: Group) -> &mut Command {
        self.as_inner_mut().rfork_options.environment = Some(group.to_sys());
        self
    }

    fn name_space(&mut self, group: Group) -> &mut Command {
        self.as_inner_mut().rfork_options.name_space = Some(group.to_sys());
        self
    }

    fn bind<N: AsRef<Path>, O: AsRef<Path>>(
        &mut self,
        new: N,
        old: O,
        union: Union,
        create: bool,
    ) -> &mut Command {
        self.as_inner_mut().rfork_options.bind(new.as_ref(), old.as_ref(), flags_of(union, create));
        self
    }

    fn no_devices(&mut self, none: bool) -> &mut Command {
        self.as_inner_mut().rfork_options.no_devices = none;
        self
    }
}

/// A process ends with a text, not with a number.
///
/// # Examples
///
/// ```
/// use std::env;
/// use std::os::plan9::note;
/// use std::os::plan9::process::ExitStatusExt;
/// use std::process::Command;
/// use std::thread;
///
/// fn main() -> std::io::Result<()> {
///     if env::args().any(|arg| arg == "child") {
///         thread::park();
///     }
///     let mut child = Command::new(env::current_exe()?).arg("child").spawn()?;
///     note::post(child.id(), b"no time for that")?;
///     assert_eq!(child.wait()?.text(), b"no time for that");
///     Ok(())
/// }
/// ```
#[stable(feature = "rust1", since = "1.0.0")]
pub impl(self) trait ExitStatusExt {
    /// What the program gave to `exits`, empty for success, or the note that ended it (man 2/exits,
    /// 2/await).
    #[stable(feature = "rust1", since = "1.0.0")]
    fn text(&self) -> &[u8];
}

#[stable(feature = "rust1", since = "1.0.0")]
impl ExitStatusExt for ExitStatus {
    fn text(&self) -> &[u8] {
        self.as_inner().text()
    }
}

/// Ends the program with a text (man 2/exits), as [`exit`](crate::process::exit) does with a
/// number: nothing is dropped. An empty text is success, any other failure. A NUL ends the text,
/// and the kernel keeps 127 bytes of it.
///
/// # Examples
///
/// ```
/// use std::env;
/// use std::os::plan9::process::{ExitStatusExt, exits};
/// use std::process::Command;
///
/// fn main() -> std::io::Result<()> {
///     if env::args().any(|arg| arg == "child") {
///         exits("no such luck");
///     }
///     let status = Command::new(env::current_exe()?).arg("child").status()?;
///     assert_eq!(status.text(), b"no such luck");
///     assert_eq!(status.code(), Some(1));
///     Ok(())
/// }
/// ```
#[stable(feature = "rust1", since = "1.0.0")]
pub fn exits<S: AsRef<OsStr>>(text: S) -> ! {
    crate::rt::cleanup();
    let mut status = [0; ERRMAX];
    let text = text.as_ref().as_encoded_bytes().iter().take(ERRMAX - 1);
    status.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
    // The last byte is a NUL.
    exit_with(CStr::from_bytes_until_nul(&status).unwrap_or_default())
}
