//! The descriptor that stands for a conversation, for `std::os::fd`.
//!
//! A conversation is several files, of which one stands for it: `data` for a stream and a UDP
//! socket, `ctl` for a listener, which has no data. It goes on as long as any of its files is open
//! (man 3/ip), so that one can be given away alone.

use crate::io;
use crate::sync::OnceLock;
use crate::sys::fd::FileDesc;
use crate::sys::{FromInner, IntoInner};

/// The descriptor that stands for a conversation.
pub struct Socket(FileDesc);

/// The descriptor that a handle with clones gives away, for the conversation's own stays with the
/// others. It is made when the clone is, where a full table of descriptors is an error; to give it
/// away cannot fail.
pub(super) struct Spare(OnceLock<FileDesc>);

impl Spare {
    pub(super) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The one of a clone of this handle, which has one from now on as well.
    pub(super) fn share(&self, fd: &FileDesc) -> io::Result<Self> {
        self.0.get_or_try_init(|| fd.duplicate())?;
        Ok(Self(OnceLock::from(fd.duplicate()?)))
    }

    /// Gives it away.
    pub(super) fn take(self) -> Socket {
        Socket(self.0.into_inner().expect("a handle with clones has a descriptor of its own"))
    }
}

impl FromInner<FileDesc> for Socket {
    fn from_inner(fd: FileDesc) -> Socket {
        Socket(fd)
    }
}

impl IntoInner<FileDesc> for Socket {
    fn into_inner(self) -> FileDesc {
        self.0
    }
}
