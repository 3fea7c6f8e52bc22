//! Plan 9-specific extensions to networking.
//!
//! # Descriptors
//!
//! A conversation is several files under `/net` (man 3/ip), and lasts as long as one of them is open. For
//! [`os::fd`](crate::os::fd) one file stands for it: `data` for a [`TcpStream`] and a [`UdpSocket`], `ctl` for a
//! [`TcpListener`]. It can be read and written like any other, and given to a child. A [`UdpSocket`]'s has the addresses
//! in front of each datagram (`headers`).
//!
//! What std adds is in none of these files, and ends where one is taken out of its type: timeouts, `set_nonblocking`,
//! the peer of a [`UdpSocket`], and what was peeked at and not yet read.
//!
//! A file that stands for a conversation under `/net` can be made one of these types again, also one that the program
//! was started with, as the services of `listen` are (man 8/listen). `From` and `from_raw_fd` panic for what is not such
//! a file: one of another network, say, or a pipe. A wildcard address counts as IPv6's then, for the kernel writes both
//! alike.
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
//! [`UdpSocket`]: crate::net::UdpSocket

use crate::io;
use crate::net::{SocketAddr, TcpListener, TcpStream};
use crate::sealed::Sealed;
use crate::sys::{AsInner, FromInner};
use crate::time::Duration;

#[unstable(feature = "sealed", issue = "none")]
impl Sealed for TcpListener {}

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
pub trait TcpListenerExt: Sealed {
    /// Stops listening, for every clone: each `accept` that is blocked, and each later one, fails with the kernel's
    /// `listen hungup`, of kind [`InvalidInput`](io::ErrorKind::InvalidInput). Callers that nobody has accepted are
    /// hung up (`hangup` in man 3/ip).
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
    /// [`TimedOut`](io::ErrorKind::TimedOut) if nobody called, [`InvalidInput`](io::ErrorKind::InvalidInput) for a
    /// duration of zero.
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
