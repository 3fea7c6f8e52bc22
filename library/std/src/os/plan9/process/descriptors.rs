//! Descriptors of children's streams, to be given and taken.

use crate::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use crate::process::{ChildStderr, ChildStdin, ChildStdout, Stdio};
use crate::sys::fd::FileDesc;
use crate::sys::{AsInner, FromInner, IntoInner};

#[stable(feature = "rust1", since = "1.0.0")]
impl FromRawFd for Stdio {
    unsafe fn from_raw_fd(fd: RawFd) -> Stdio {
        // SAFETY: the caller's.
        Stdio::from(unsafe { OwnedFd::from_raw_fd(fd) })
    }
}

#[stable(feature = "rust1", since = "1.0.0")]
impl From<OwnedFd> for Stdio {
    /// Attaches this channel to a stream of the child.
    fn from(fd: OwnedFd) -> Stdio {
        Stdio::from_inner(crate::sys::process::Stdio::Fd(FileDesc::from_inner(fd)))
    }
}

macro_rules! streams {
    ($($stream:ident)*) => {$(
        #[stable(feature = "rust1", since = "1.0.0")]
        impl AsRawFd for $stream {
            fn as_raw_fd(&self) -> RawFd {
                self.as_inner().as_raw_fd()
            }
        }

        #[stable(feature = "rust1", since = "1.0.0")]
        impl IntoRawFd for $stream {
            fn into_raw_fd(self) -> RawFd {
                self.into_inner().into_raw_fd()
            }
        }

        #[stable(feature = "rust1", since = "1.0.0")]
        impl AsFd for $stream {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.as_inner().as_fd()
            }
        }

        #[stable(feature = "rust1", since = "1.0.0")]
        impl From<$stream> for OwnedFd {
            fn from(stream: $stream) -> OwnedFd {
                stream.into_inner().into_inner()
            }
        }

        #[stable(feature = "rust1", since = "1.0.0")]
        impl From<OwnedFd> for $stream {
            fn from(fd: OwnedFd) -> $stream {
                $stream::from_inner(FileDesc::from_inner(fd))
            }
        }
    )*};
}

streams! { ChildStdin ChildStdout ChildStderr }
