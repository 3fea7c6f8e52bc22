//! A TCP socket of the host as a conversation uses it: it never blocks, and it says what its peer has acknowledged.

use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, sockopt};
use std::io::{self, Read};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

/// The host's send buffer, in bytes; Linux doubles it. It is small, because the transmit queue of the conversation is
/// what holds the data: so the socket tells by its own fullness when the peer has taken something.
const SEND_BUFFER: usize = 32 << 10;
/// In Linux's `struct tcp_info`: the options that both ends use, and the window shifts, the peer's in the low half.
const INFO_OPTIONS: usize = 5;
const INFO_SHIFTS: usize = 6;
const INFO_START: usize = 8;
/// In the options: both ends scale windows.
const OPTION_SCALE: u8 = 4;

/// The socket; dropped, it is closed, and what it still holds is delivered by the host.
#[derive(Debug)]
pub struct Socket(TcpStream);

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Socket {
    /// A call that has begun; it ends when the socket is writable.
    pub fn call(to: SocketAddr) -> io::Result<Socket> {
        let family = match to.ip() {
            IpAddr::V4(_) => AddressFamily::INET,
            IpAddr::V6(_) => AddressFamily::INET6,
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let fd = rustix::net::socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
        let socket = Socket(TcpStream::from(fd));
        socket.prepare()?;
        match rustix::net::connect(&socket, &to) {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => Ok(socket),
            Err(why) => Err(why.into()),
        }
    }

    /// A call that the host has taken.
    pub fn taken(stream: TcpStream) -> io::Result<Socket> {
        stream.set_nonblocking(true)?;
        let socket = Socket(stream);
        socket.prepare()?;
        Ok(socket)
    }

    fn prepare(&self) -> io::Result<()> {
        sockopt::set_socket_send_buffer_size(self, SEND_BUFFER)?;
        // The kernel under test has its own rule for short segments, which never holds one that is alone.
        self.0.set_nodelay(true)
    }

    /// Its own address, as the host knows it.
    pub fn local(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Why the socket failed, if it did; asking forgets it.
    pub fn failure(&self) -> Option<io::Error> {
        self.0.take_error().unwrap_or_else(Some)
    }

    /// Takes what has come; 0 at the end of the stream, `WouldBlock` if there is nothing.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        (&self.0).read(buffer)
    }

    /// Hands data over; gives how much the host took, or `WouldBlock`.
    pub fn send(&self, data: &[u8]) -> io::Result<usize> {
        Ok(rustix::net::send(self, data, rustix::net::SendFlags::NOSIGNAL)?)
    }

    /// Bytes that the host has and the peer has not acknowledged; the end of the stream counts as one.
    pub fn unacknowledged(&self) -> usize {
        let mut count: libc::c_int = 0;
        // SAFETY: SIOCOUTQ, which is TIOCOUTQ, writes one int.
        let result = unsafe { libc::ioctl(self.0.as_raw_fd(), libc::TIOCOUTQ, &mut count) };
        if result == 0 { count.max(0) as usize } else { 0 }
    }

    /// The peer's window shift; `None` if the two ends do not scale.
    pub fn peer_shift(&self) -> Option<u32> {
        let mut info = [0u8; INFO_START];
        let mut length = INFO_START as libc::socklen_t;
        // SAFETY: getsockopt writes at most `length` bytes, and a shorter structure than its own is allowed.
        let result = unsafe {
            libc::getsockopt(
                self.0.as_raw_fd(),
                libc::IPPROTO_TCP,
                libc::TCP_INFO,
                info.as_mut_ptr().cast(),
                &mut length,
            )
        };
        let scaled = result == 0 && info[INFO_OPTIONS] & OPTION_SCALE != 0;
        scaled.then(|| u32::from(info[INFO_SHIFTS] & 0xF))
    }

    /// Says that nothing more will be sent.
    pub fn finish(&self) {
        let _ = self.0.shutdown(Shutdown::Write);
    }

    /// Makes the close that follows a reset.
    pub fn abort(self) {
        let _ = sockopt::set_socket_linger(&self, Some(Duration::ZERO));
    }

    /// Probes the peer when nothing came for this long, and gives it up at the fourth silence; `None` stops that. The
    /// host counts in whole seconds.
    pub fn keep_alive(&self, every: Option<Duration>) -> io::Result<()> {
        if let Some(every) = every {
            let every = Duration::from_secs(every.as_secs().max(1));
            sockopt::set_tcp_keepidle(self, every)?;
            sockopt::set_tcp_keepintvl(self, every)?;
            sockopt::set_tcp_keepcnt(self, 3)?;
        }
        Ok(sockopt::set_socket_keepalive(self, every.is_some())?)
    }
}
