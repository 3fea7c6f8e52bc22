//! A connected stream.

use super::conversation::Conversation;
use super::direction::{Call, Direction};
use super::drain::Drain;
use super::lane::Lane;
use super::place::Protocol;
use super::retire::{self, How};
use super::socket::Socket;
use super::unit::Unit;
use crate::fmt;
use crate::io::{self, BorrowedCursor, IoSlice, IoSliceMut};
use crate::mem::MaybeUninit;
use crate::net::{Shutdown, SocketAddr, ToSocketAddrs};
use crate::ptr;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sync::atomic::Ordering::SeqCst;
use crate::sync::atomic::{AtomicBool, AtomicU32};
use crate::sync::{Arc, Mutex, PoisonError};
use crate::sys::fd::FileDesc;
use crate::sys::pal::clock;
use crate::sys::pal::deadline::operation::{self, Bound, Deadline, Wait, over};
use crate::sys::pal::deadline::write_rule::WriteRule;
use crate::time::Duration;
use plan9_abi::queue::TCP_LIMIT_UNSCALED;
use plan9_abi::sys::process;

/// How often a lingering close looks whether all is acknowledged, in milliseconds.
const LINGER_LOOK_MS: u32 = 5;

/// A stream; clones share the conversation and its settings.
pub struct TcpStream(Arc<Shared>);

struct Shared {
    conversation: Conversation,
    reads: Direction,
    writes: Direction,
    reading: Lane<Ahead>,
    writing: Lane<Writing>,
    unit: Unit,
    /// Others may have the descriptor as well: dropping this does not close the conversation.
    lent: AtomicBool,
    linger: Mutex<Option<Duration>>,
    nodelay: AtomicBool,
    ttl: AtomicU32,
}

/// What was read and not yet given: by `peek`, for the kernel has none.
#[derive(Default)]
struct Ahead {
    bytes: Vec<u8>,
    /// The stream's end was seen: the kernel tells it three times only.
    ended: bool,
}

/// The account of what was written, and what is known of the peer's.
struct Writing {
    rule: WriteRule,
    drain: Drain,
}

/// A buffer as the kernel sees it, which never makes a byte less initialised than it was.
fn uninit(buf: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    // SAFETY: the same layout, and only initialised bytes are written.
    unsafe { &mut *(ptr::from_mut(buf) as *mut [MaybeUninit<u8>]) }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let linger = *self.linger.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(patience) = linger.filter(|patience| !patience.is_zero()) {
            self.linger(patience);
        }
        let how = match (linger, self.reading.get_mut().ended) {
            // What was not sent is dropped.
            (Some(Duration::ZERO), _) => How::Reset,
            (_, true) => How::Ended,
            (_, false) => How::Open,
        };
        retire::close(&mut self.conversation, how, *self.lent.get_mut());
    }
}

impl Shared {
    /// For the call that is blocked, and those that wait for their turn, as well.
    fn set_timeout<T>(
        &self,
        direction: &Direction,
        lane: &Lane<T>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        direction.set_timeout(timeout)?;
        lane.nudge();
        Ok(())
    }

    /// Waits until all has been sent and acknowledged, or its patience ends.
    fn linger(&self, patience: Duration) {
        let deadline = clock::deadline(patience).map(Deadline);
        let wait = deadline.map_or(Wait::Forever, Wait::Until);
        while self.conversation.status().is_ok_and(|status| status.qout > 0) && over(wait).is_none()
        {
            let _ = process::sleep(LINGER_LOOK_MS);
        }
    }
}

impl TcpStream {
    pub(super) fn of(conversation: Conversation) -> TcpStream {
        TcpStream(Arc::new(Shared {
            conversation,
            reads: Direction::new(),
            writes: Direction::new(),
            reading: Lane::new(Ahead::default()),
            writing: Lane::new(Writing {
                // The smallest limit: right for every peer, and asking for the real one would cost a file.
                rule: WriteRule::new(TCP_LIMIT_UNSCALED),
                drain: Drain::default(),
            }),
            unit: Unit::new(),
            lent: AtomicBool::new(false),
            linger: Mutex::new(None),
            nodelay: AtomicBool::new(false),
            ttl: AtomicU32::new(255),
        }))
    }

    /// For `std::os::fd`.
    pub fn socket(&self) -> &FileDesc {
        self.0.lent.store(true, Relaxed);
        self.0.conversation.data_file()
    }

    /// For `std::os::fd`: what is left here is forgotten, bytes that were peeked at too. The conversation goes on, so
    /// nothing lingers.
    pub fn into_socket(self) -> Socket {
        match Arc::try_unwrap(self.0) {
            Ok(mut shared) => {
                *shared.linger.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
                shared.reading.get_mut().ended = false;
                *shared.lent.get_mut() = true;
                shared.conversation.take_data()
            }
            Err(shared) => {
                shared.lent.store(true, Relaxed);
                Socket::copy(shared.conversation.data_file())
            }
        }
    }

    pub fn connect<A: ToSocketAddrs>(addr: A) -> io::Result<TcpStream> {
        super::super::each_addr(addr, |addr| connect(addr, None))
    }

    pub fn connect_timeout(addr: &SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
        if timeout.is_zero() {
            return Err(io::Error::ZERO_TIMEOUT);
        }
        // A moment that the clock never reaches is none.
        connect(addr, clock::deadline(timeout).map(Deadline))
    }

    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_timeout(&self.0.reads, &self.0.reading, timeout)
    }

    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.set_timeout(&self.0.writes, &self.0.writing, timeout)
    }

    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.0.reads.timeout())
    }

    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.0.writes.timeout())
    }

    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        let call = self.0.reads.call();
        let mut ahead = self.0.reading.enter(&call)?;
        if ahead.bytes.is_empty() {
            let n = self.fill(&mut ahead, uninit(buf), &call)?;
            ahead.bytes.extend_from_slice(&buf[..n]);
            return Ok(n);
        }
        let n = buf.len().min(ahead.bytes.len());
        buf[..n].copy_from_slice(&ahead.bytes[..n]);
        Ok(n)
    }

    pub fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        let call = self.0.reads.call();
        let mut ahead = self.0.reading.enter(&call)?;
        if !ahead.bytes.is_empty() {
            let n = buf.len().min(ahead.bytes.len());
            buf[..n].copy_from_slice(&ahead.bytes[..n]);
            ahead.bytes.drain(..n);
            return Ok(n);
        }
        self.fill(&mut ahead, uninit(buf), &call)
    }

    /// Reads from the kernel.
    fn fill(
        &self,
        ahead: &mut Ahead,
        buf: &mut [MaybeUninit<u8>],
        call: &Call<'_>,
    ) -> io::Result<usize> {
        if ahead.ended || buf.is_empty() {
            return Ok(0);
        }
        let most = self.0.unit.of(self.0.conversation.data_file(), buf.len());
        let n = operation::read(self.0.conversation.data(), &mut buf[..most], call)?;
        ahead.ended = n == 0 && !call.is_shut();
        Ok(n)
    }

    pub fn read_buf(&self, mut cursor: BorrowedCursor<'_>) -> io::Result<()> {
        let call = self.0.reads.call();
        let mut ahead = self.0.reading.enter(&call)?;
        if !ahead.bytes.is_empty() {
            let n = cursor.capacity().min(ahead.bytes.len());
            cursor.append(&ahead.bytes[..n]);
            ahead.bytes.drain(..n);
            return Ok(());
        }
        // SAFETY: nothing that is initialised is made otherwise.
        let n = self.fill(&mut ahead, unsafe { cursor.as_mut() }, &call)?;
        // SAFETY: the kernel has written that many bytes.
        unsafe { cursor.advance(n) };
        Ok(())
    }

    pub fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        io::default_read_vectored(|buf| self.read(buf), bufs)
    }

    pub fn is_read_vectored(&self) -> bool {
        false
    }

    pub fn write(&self, buf: &[u8]) -> io::Result<usize> {
        let call = self.0.writes.call();
        let mut writing = self.0.writing.enter(&call)?;
        let Writing { rule, drain } = &mut *writing;
        let conversation = &self.0.conversation;
        let buf = &buf[..self.0.unit.of(self.0.conversation.data_file(), buf.len())];
        let written = operation::write(conversation.data(), buf, &call, rule, || {
            drain.has_drained(conversation)
        });
        if written.is_ok() {
            drain.has_room();
        }
        written
    }

    pub fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        io::default_write_vectored(|buf| self.write(buf), bufs)
    }

    pub fn is_write_vectored(&self) -> bool {
        false
    }

    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.conversation.address("remote")
    }

    pub fn socket_addr(&self) -> io::Result<SocketAddr> {
        self.0.conversation.address("local")
    }

    /// The kernel ends both directions or none: the reading half is shut here, and the writing half alone only where
    /// the kernel has `hangupxmit`.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match how {
            Shutdown::Read => self.0.reads.shut(),
            Shutdown::Write => {
                if self.0.conversation.command(b"hangupxmit").is_err() {
                    return Err(io::const_error!(
                        io::ErrorKind::Unsupported,
                        "this kernel cannot shut the writing half alone",
                    ));
                }
                self.0.writes.shut();
            }
            Shutdown::Both => {
                // Not `hangup`: a peer inside the machine would never hear of it.
                self.0.conversation.command(b"close")?;
                self.0.writes.shut();
                self.0.reads.shut();
            }
        }
        Ok(())
    }

    pub fn duplicate(&self) -> io::Result<TcpStream> {
        Ok(TcpStream(Arc::clone(&self.0)))
    }

    /// The kernel's close sends what is queued in its own time. So the last handle of the stream lingers: it waits
    /// until all is acknowledged, or hangs up at once for a time of zero.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        *self.0.linger.lock().unwrap_or_else(PoisonError::into_inner) = linger;
        Ok(())
    }

    pub fn linger(&self) -> io::Result<Option<Duration>> {
        Ok(*self.0.linger.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Kept and given back: the kernel holds a short segment only while three full ones are under way, and cannot be
    /// told otherwise.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.0.nodelay.store(nodelay, SeqCst);
        Ok(())
    }

    pub fn nodelay(&self) -> io::Result<bool> {
        Ok(self.0.nodelay.load(SeqCst))
    }

    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        set_ttl(&self.0.conversation, &self.0.ttl, ttl)
    }

    pub fn ttl(&self) -> io::Result<u32> {
        Ok(self.0.ttl.load(SeqCst))
    }

    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(None)
    }

    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.0.reads.set_nonblocking(nonblocking)?;
        self.0.writes.set_nonblocking(nonblocking)?;
        self.0.reading.nudge();
        self.0.writing.nudge();
        Ok(())
    }
}

/// The kernel does not check the value.
pub(super) fn set_ttl(conversation: &Conversation, kept: &AtomicU32, ttl: u32) -> io::Result<()> {
    if ttl > 255 {
        return Err(io::const_error!(io::ErrorKind::InvalidInput, "a ttl is at most 255"));
    }
    let command = crate::sys::pal::text::Text::new(format_args!("ttl {ttl}"));
    conversation.command(command.as_bytes())?;
    kept.store(ttl, SeqCst);
    Ok(())
}

/// A fresh conversation for each address: after a failed call the kernel takes no other.
fn connect(addr: &SocketAddr, deadline: Option<Deadline>) -> io::Result<TcpStream> {
    let mut conversation = Conversation::new(Protocol::Tcp)?;
    if let Err(why) = conversation.connect(addr, deadline) {
        // It may stand by now, with a peer that knows of it.
        if why.kind() == io::ErrorKind::TimedOut {
            retire::close(&mut conversation, How::Open, false);
        }
        return Err(why);
    }
    Ok(TcpStream::of(conversation))
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("TcpStream");
        if let Ok(addr) = self.socket_addr() {
            shown.field("addr", &addr);
        }
        if let Ok(peer) = self.peer_addr() {
            shown.field("peer", &peer);
        }
        shown.field("fd", &self.0.conversation.data()).finish()
    }
}
