//! Plan 9-specific extensions to networking.
//!
//! # Descriptors
//!
//! A conversation is several files under `/net` (man 3/ip), and lasts as long as one of them is
//! open. For [`os::fd`](crate::os::fd) one file stands for it: `data` for a [`TcpStream`] and a
//! [`UdpSocket`], `ctl` for a [`TcpListener`]. It can be read and written like any other, and given
//! to a child. A [`UdpSocket`]'s has the addresses in front of each datagram (`headers`).
//!
//! What std adds is in none of these files, and ends where one is taken out of its type: timeouts,
//! `set_nonblocking`, the peer of a [`UdpSocket`], and what was peeked at and not yet read.
//!
//! A file that stands for a conversation can be made one of these types again, also one that the
//! program was started with, as the services of `listen` are (man 8/listen). `From` and
//! `from_raw_fd` panic for what is not such a file: one of another protocol, say, or a pipe;
//! [`FromDescriptor`] gives an error. A wildcard address counts as IPv6's then, for the kernel
//! writes both alike.
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::{TcpListener, TcpStream};
//! use std::os::fd::OwnedFd;
//!
//! fn main() -> std::io::Result<()> {
//!     let listener = TcpListener::bind("127.0.0.1:0")?;
//!     let mut near = TcpStream::connect(listener.local_addr()?)?;
//!     let data = OwnedFd::from(listener.accept()?.0);
//!     let mut far = TcpStream::from(data);
//!     assert_eq!(far.peer_addr()?, near.local_addr()?);
//!     far.write_all(b"hello")?;
//!     let mut word = [0; 5];
//!     near.read_exact(&mut word)?;
//!     assert_eq!(&word, b"hello");
//!     Ok(())
//! }
//! ```
//!
//! # Other networks
//!
//! Addresses say nothing of the network that they are on. New conversations, and queries for names,
//! are those of `/net`, unless the program names another folder by [`set_directory`]: `/net.alt`,
//! by convention, where a machine is on two networks. A program may also be started in a name space
//! that has the other one at `/net` ([`namespace`]).
//!
//! [`UdpSocket`]: crate::net::UdpSocket [`namespace`]: super::namespace

use crate::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use crate::os::fd::OwnedFd;
use crate::path::{Path, PathBuf};
use crate::sys::fd::FileDesc;
use crate::sys::net::network;
use crate::sys::net::network::Network;
use crate::sys::{AsInner, FromInner};
use crate::time::Duration;
use crate::{io, sys};

/// The folder of the network in which new conversations begin: `/net`, unless [`set_directory`]
/// said otherwise.
#[must_use]
#[stable(feature = "rust1", since = "1.0.0")]
pub fn directory() -> PathBuf {
    PathBuf::from(Network::current().name())
}

/// New conversations of all threads, and queries for names, are those of the network in this folder
/// from now on. Those that are there stay where they are.
///
/// # Errors
///
/// That of `stat`, [`NotADirectory`](io::ErrorKind::NotADirectory), or
/// [`InvalidInput`](io::ErrorKind::InvalidInput) for a name that is relative, longer than 80 bytes,
/// or not UTF-8. A name that begins with `#` is a kernel device's.
///
/// # Examples
///
/// ```no_run
/// use std::net::TcpStream;
/// use std::os::plan9::net::set_directory;
///
/// fn main() -> std::io::Result<()> {
///     set_directory("/net.alt")?;
///     let outside = TcpStream::connect("192.0.2.1:80")?;
///     set_directory("/net")?;
///     assert_eq!(outside.peer_addr()?.port(), 80);
///     Ok(())
/// }
/// ```
#[stable(feature = "rust1", since = "1.0.0")]
pub fn set_directory<P: AsRef<Path>>(path: P) -> io::Result<()> {
    network::set_directory(path.as_ref())
}

/// A conversation made of the descriptor that stands for it, where that may be another file's.
///
/// # Examples
///
/// ```
/// use std::fs::File;
/// use std::io::ErrorKind;
/// use std::net::TcpStream;
/// use std::os::fd::OwnedFd;
/// use std::os::plan9::net::FromDescriptor;
///
/// fn main() -> std::io::Result<()> {
///     let no_stream = OwnedFd::from(File::open("/dev/null")?);
///     let why = TcpStream::from_descriptor(no_stream).unwrap_err();
///     assert_eq!(why.kind(), ErrorKind::InvalidInput);
///     Ok(())
/// }
/// ```
#[stable(feature = "rust1", since = "1.0.0")]
pub impl(self) trait FromDescriptor: Sized {
    /// As `From<OwnedFd>`, which panics where this fails. The descriptor is closed then.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the descriptor is not that of such a
    /// conversation; else those of the files of the conversation, which are opened beside it.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn from_descriptor(descriptor: OwnedFd) -> io::Result<Self>;
}

#[stable(feature = "rust1", since = "1.0.0")]
impl FromDescriptor for TcpStream {
    fn from_descriptor(descriptor: OwnedFd) -> io::Result<TcpStream> {
        let descriptor = FileDesc::from_inner(descriptor);
        sys::net::TcpStream::from_descriptor(descriptor).map(TcpStream::from_inner)
    }
}

#[stable(feature = "rust1", since = "1.0.0")]
impl FromDescriptor for TcpListener {
    fn from_descriptor(descriptor: OwnedFd) -> io::Result<TcpListener> {
        let descriptor = FileDesc::from_inner(descriptor);
        sys::net::TcpListener::from_descriptor(descriptor).map(TcpListener::from_inner)
    }
}

#[stable(feature = "rust1", since = "1.0.0")]
impl FromDescriptor for UdpSocket {
    fn from_descriptor(descriptor: OwnedFd) -> io::Result<UdpSocket> {
        let descriptor = FileDesc::from_inner(descriptor);
        sys::net::UdpSocket::from_descriptor(descriptor).map(UdpSocket::from_inner)
    }
}

/// Plan 9-specific extensions to [`TcpListener`].
///
/// # Examples
///
/// ```no_run
/// use std::net::TcpListener;
/// use std::os::plan9::net::TcpListenerExt;
/// use std::sync::Arc;
/// use std::thread;
///
/// fn main() -> std::io::Result<()> {
///     let listener = Arc::new(TcpListener::bind("127.0.0.1:0")?);
///     let waiting = Arc::clone(&listener);
///     let acceptor = thread::spawn(move || waiting.accept().is_err());
///     listener.shutdown()?;
///     assert!(acceptor.join().unwrap());
///     Ok(())
/// }
/// ```
#[stable(feature = "rust1", since = "1.0.0")]
pub impl(self) trait TcpListenerExt {
    /// Stops listening, for every clone: each `accept` that is blocked, and each later one, fails
    /// with the kernel's `listen hungup`, of kind [`InvalidInput`](io::ErrorKind::InvalidInput).
    /// Callers that nobody has accepted are hung up (`hangup` in man 3/ip).
    ///
    /// # Errors
    ///
    /// What the kernel says to the message.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn shutdown(&self) -> io::Result<()>;

    /// As [`TcpListener::accept`], for at most this long, whatever `set_nonblocking` said.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](io::ErrorKind::TimedOut) if nobody called,
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for a duration of zero; else those of
    /// `accept`.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn accept_timeout(&self, timeout: Duration) -> io::Result<(TcpStream, SocketAddr)>;
}

#[stable(feature = "rust1", since = "1.0.0")]
impl TcpListenerExt for TcpListener {
    fn shutdown(&self) -> io::Result<()> {
        self.as_inner().shutdown()
    }

    fn accept_timeout(&self, timeout: Duration) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.as_inner().accept_timeout(timeout)?;
        Ok((TcpStream::from_inner(stream), peer))
    }
}
