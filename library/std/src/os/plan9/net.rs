//! Plan 9-specific extensions to networking.

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
