//! `TcpStream`: a connected conversation, the timeouts of its two halves, and what the kernel has
//! no place for: bytes that were peeked at, lingering, and the options that are only kept.

use plan9_abi::queue::{MAX_ATOMIC, TCP_LIMIT_UNSCALED};
use plan9_abi::sys::process;

use super::address::{check_scope, reachable};
use super::connect::{self, Connected};
use super::conversation::Conversation;
use super::half::{AtOnce, Call, Half};
use super::io_lock::IoLock;
use super::iounit::IoUnit;
use super::local_ends::End;
use super::loopback_segment::Unacknowledged;
use super::network::Protocol;
use super::socket::{Socket, Spare};
use super::splice_pointer::How;
use super::timed_io::over;
use super::tx_queue::TxQueue;
use super::write_rule::WriteRule;
use super::{splice_pointer, timed_io};
use crate::io::{BorrowedCursor, IoSlice, IoSliceMut};
use crate::mem::MaybeUninit;
use crate::net::{Shutdown, SocketAddr, ToSocketAddrs};
use crate::sync::Arc;
use crate::sync::atomic::Ordering::{Relaxed, SeqCst};
use crate::sync::atomic::{AtomicBool, AtomicU32};
use crate::sync::nonpoison::Mutex;
use crate::sys::fd::FileDesc;
use crate::sys::pal::deadline::bound::{Bound, Deadline, Wait};
use crate::sys::time::clock;
use crate::time::Duration;
use crate::{fmt, io, ptr};

/// How often a lingering close looks whether all is acknowledged, in milliseconds.
const LINGER_LOOK_MS: u32 = 5;

/// After so many writes to an end of another program inside this machine, with nothing read in
/// between, its state is looked at: the kernel throws away what is written to a spliced end that
/// has closed, and says nothing.
const WRITES_A_LOOK: u32 = 64;

/// The longest pause between looks for room in an unacknowledged segment, in milliseconds.
const LONGEST_PAUSE_MS: u32 = 16;

/// A stream; clones share the conversation and its settings.
///
/// A handle closes its own descriptor before it gives up its share, which is the order of the
/// fields: while any descriptor of an end is open, the kernel has not closed that end, and the last
/// share lets the other end's number go (`splice_pointer`).
pub struct TcpStream(Spare, Arc<Shared>);

struct Shared {
    conversation: Conversation,
    reads: Half,
    writes: Half,
    reading: IoLock<Ahead>,
    writing: IoLock<Writing>,
    unit: IoUnit,
    /// Writes since something was read.
    unheard: AtomicU32,
    /// Others may have the descriptor as well: dropping this does not close the conversation.
    lent: AtomicBool,
    linger: Mutex<Option<Duration>>,
    keepalive: AtomicBool,
    nodelay: AtomicBool,
    ttl: AtomicU32,
}

/// What was read and not yet given: by `peek`, for the kernel has none.
#[derive(Default)]
struct Ahead {
    bytes: Vec<u8>,
    /// The stream's end was seen, for the kernel tells it three times only; and whether its two
    /// ends were spliced.
    ended: Option<Ended>,
}

/// How a stream ended.
#[derive(Clone, Copy)]
struct Ended {
    spliced: bool,
}

/// The account of what was written, and what is known of the peer's.
struct Writing {
    rule: WriteRule,
    drain: TxQueue,
    unacknowledged: Unacknowledged,
}

/// A buffer as the kernel sees it, which never makes a byte less initialised than it was.
fn uninit(buf: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    // SAFETY: the same layout, and only initialised bytes are written.
    unsafe { &mut *(ptr::from_mut(buf) as *mut [MaybeUninit<u8>]) }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let linger = *self.linger.get_mut();
        if let Some(patience) = linger.filter(|patience| !patience.is_zero()) {
            self.linger(patience);
        }
        let how = match (linger, self.reading.get_mut().ended) {
            // What was not sent is dropped.
            (Some(Duration::ZERO), _) => How::Reset,
            (_, Some(Ended { spliced })) => How::Ended { spliced },
            (_, None) => How::Open,
        };
        splice_pointer::close(&mut self.conversation, how, *self.lent.get_mut());
    }
}

impl Shared {
    /// For the call that is blocked, and those that wait for their turn, as well.
    fn set_timeout<T>(
        &self,
        direction: &Half,
        lane: &IoLock<T>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        direction.set_timeout(timeout)?;
        lane.recheck_waiters();
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
        let shared = Arc::new(Shared {
            conversation,
            reads: Half::new(),
            writes: Half::new(),
            reading: IoLock::new(Ahead::default()),
            writing: IoLock::new(Writing {
                // The smallest limit: right for every peer, and asking for the real one would cost
                // a file.
                rule: WriteRule::new(TCP_LIMIT_UNSCALED),
                drain: TxQueue::default(),
                unacknowledged: Unacknowledged::new(),
            }),
            unit: IoUnit::new(),
            unheard: AtomicU32::new(0),
            lent: AtomicBool::new(false),
            linger: Mutex::new(None),
            keepalive: AtomicBool::new(false),
            nodelay: AtomicBool::new(false),
            ttl: AtomicU32::new(255),
        });
        TcpStream(Spare::new(), shared)
    }

    /// Others have its descriptor as well.
    pub(super) fn lend(&self) {
        self.1.lent.store(true, Relaxed);
    }

    /// For `std::os::fd`.
    pub fn socket(&self) -> &FileDesc {
        self.lend();
        self.1.conversation.data_file()
    }

    /// For `std::os::fd`: what is left here is forgotten, bytes that were peeked at too. The
    /// conversation goes on, so nothing lingers.
    pub fn into_socket(self) -> Socket {
        match Arc::try_unwrap(self.1) {
            Ok(mut shared) => {
                *shared.linger.get_mut() = None;
                shared.reading.get_mut().ended = None;
                *shared.lent.get_mut() = true;
                shared.conversation.take_data()
            }
            Err(shared) => {
                shared.lent.store(true, Relaxed);
                self.0.take()
            }
        }
    }

    /// A byte was read already, or the end.
    fn has_read(&mut self, byte: Option<u8>) {
        let Some(shared) = Arc::get_mut(&mut self.1) else { return };
        let ahead = shared.reading.get_mut();
        match byte {
            Some(byte) => ahead.bytes.push(byte),
            None => ahead.ended = Some(Ended { spliced: true }),
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
        self.1.set_timeout(&self.1.reads, &self.1.reading, timeout)
    }

    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.1.set_timeout(&self.1.writes, &self.1.writing, timeout)
    }

    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.1.reads.timeout())
    }

    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.1.writes.timeout())
    }

    /// All that is there, up to the buffer's length: it waits only where nothing is.
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let call = self.1.reads.call();
        let mut ahead = self.1.reading.enter(&call)?;
        if ahead.bytes.is_empty() {
            let n = self.fill(&mut ahead, uninit(buf), &call)?;
            ahead.bytes.extend_from_slice(&buf[..n]);
            return Ok(n);
        }
        if let Some(more) = buf.len().checked_sub(ahead.bytes.len()).filter(|&more| more > 0) {
            self.fill_at_once(&mut ahead, more);
        }
        let n = buf.len().min(ahead.bytes.len());
        buf[..n].copy_from_slice(&ahead.bytes[..n]);
        Ok(n)
    }

    /// Reads up to so many bytes more, without waiting. What fails is the next call's to say.
    fn fill_at_once(&self, ahead: &mut Ahead, more: usize) {
        let conversation = &self.1.conversation;
        if ahead.ended.is_some() || self.1.unit.is_known_empty(conversation.data_file()) {
            return;
        }
        let more = self.1.unit.of(conversation.data_file(), more);
        ahead.bytes.reserve(more);
        let spare = &mut ahead.bytes.spare_capacity_mut()[..more];
        match timed_io::read(conversation.data(), spare, &AtOnce) {
            Ok(0) => drop(self.see_end(ahead)),
            // SAFETY: the kernel has written that many bytes.
            Ok(n) => unsafe { ahead.bytes.set_len(ahead.bytes.len() + n) },
            Err(_) => {}
        }
    }

    pub fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let call = self.1.reads.call();
        let mut ahead = self.1.reading.enter(&call)?;
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
        if ahead.ended.is_some() || buf.is_empty() {
            return Ok(0);
        }
        let most = self.1.unit.of(self.1.conversation.data_file(), buf.len());
        match timed_io::read(self.1.conversation.data(), &mut buf[..most], call) {
            Ok(0) if !call.is_shut() => self.see_end(ahead).map(|()| 0),
            Ok(n) => {
                self.1.unheard.store(0, Relaxed);
                Ok(n)
            }
            // A reader that is blocked when the peer resets the conversation may be told by an
            // error instead of the end.
            Err(why) if is_hungup(&why) => match call.is_shut() {
                true => Ok(0),
                false => self.see_end(ahead).and(Err(why)),
            },
            Err(why) => Err(why),
        }
    }

    /// The kernel has said that the stream is at its end. `ConnectionReset` if that was the peer's
    /// reset: it leaves the conversation `Closed`, where a peer that closes leaves it `Close_wait`,
    /// or `Established` if the two were spliced.
    fn see_end(&self, ahead: &mut Ahead) -> io::Result<()> {
        let conversation = &self.1.conversation;
        ahead.ended = Some(Ended { spliced: false });
        if conversation.end.as_ref().is_some_and(End::other_has_closed) {
            return Ok(());
        }
        let Ok(status) = conversation.status() else { return Ok(()) };
        let spliced = conversation.end.is_some() && status.may_be_spliced();
        ahead.ended = Some(Ended { spliced });
        if status.closed && !self.1.reads.is_shut() {
            return Err(io::const_error!(
                io::ErrorKind::ConnectionReset,
                "the peer has reset the conversation",
            ));
        }
        Ok(())
    }

    pub fn read_buf(&self, mut cursor: BorrowedCursor<'_, u8>) -> io::Result<()> {
        if cursor.capacity() == 0 {
            return Ok(());
        }
        let call = self.1.reads.call();
        let mut ahead = self.1.reading.enter(&call)?;
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
        if buf.is_empty() {
            return Ok(0);
        }
        let call = self.1.writes.call();
        let mut writing = self.1.writing.enter(&call)?;
        let Writing { rule, drain, unacknowledged } = &mut *writing;
        let conversation = &self.1.conversation;
        self.see_reader()?;
        let most = self.1.unit.of(conversation.data_file(), buf.len()).min(MAX_ATOMIC);
        let most = await_room(unacknowledged, conversation, most, &call)?;
        let written = timed_io::write(conversation.data(), &buf[..most], &call, rule, || {
            drain.has_drained(conversation)
        });
        if let Ok(n) = written {
            drain.has_room();
            unacknowledged.wrote(n);
        }
        written
    }

    /// `BrokenPipe` if the other end is inside this machine and has closed.
    fn see_reader(&self) -> io::Result<()> {
        let Some(end) = &self.1.conversation.end else { return Ok(()) };
        let looks = end.other_is_elsewhere()
            && self.1.unheard.fetch_add(1, Relaxed) % WRITES_A_LOOK == WRITES_A_LOOK - 1;
        if end.other_has_closed() || looks && !end.other_is_open() {
            return Err(io::const_error!(io::ErrorKind::BrokenPipe, "the peer has closed"));
        }
        Ok(())
    }

    pub fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        io::default_write_vectored(|buf| self.write(buf), bufs)
    }

    pub fn is_write_vectored(&self) -> bool {
        false
    }

    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.1.conversation.address("remote")
    }

    pub fn socket_addr(&self) -> io::Result<SocketAddr> {
        self.1.conversation.address("local")
    }

    /// The kernel ends both directions or none: the reading half is shut here, and the writing half
    /// alone only where the kernel has `hangupxmit`.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match how {
            Shutdown::Read => self.1.reads.shut(),
            Shutdown::Write => {
                if self.1.conversation.command(b"hangupxmit").is_err() {
                    return Err(io::const_error!(
                        io::ErrorKind::Unsupported,
                        "this kernel cannot shut the writing half alone",
                    ));
                }
                self.1.writes.shut();
            }
            Shutdown::Both => {
                // First the flags: a reader that the kernel wakes must see whose end that was, or
                // it takes this for the peer's reset.
                self.1.writes.shut();
                self.1.reads.shut();
                // Not `hangup`: a peer inside the machine would never hear of it.
                self.1.conversation.command(b"close")?;
                self.1.conversation.end.as_ref().map(End::shut);
            }
        }
        Ok(())
    }

    pub fn duplicate(&self) -> io::Result<TcpStream> {
        let spare = self.0.share(self.1.conversation.data_file())?;
        Ok(TcpStream(spare, Arc::clone(&self.1)))
    }

    /// The kernel's close sends what is queued in its own time. So the last handle of the stream
    /// lingers: it waits until all is acknowledged, or hangs up at once for a time of zero.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        *self.1.linger.lock() = linger;
        Ok(())
    }

    pub fn linger(&self) -> io::Result<Option<Duration>> {
        Ok(*self.1.linger.lock())
    }

    /// The kernel probes every two minutes and gives the stream up at the fourth silence. Kernels
    /// of before October 2025 always probe: they take no interval that is none.
    pub fn set_keepalive(&self, keepalive: bool) -> io::Result<()> {
        self.1.conversation.command(if keepalive { b"keepalive" } else { b"keepalive 0" })?;
        self.1.keepalive.store(keepalive, SeqCst);
        Ok(())
    }

    pub fn keepalive(&self) -> io::Result<bool> {
        Ok(self.1.keepalive.load(SeqCst))
    }

    /// Kept and given back: the kernel holds a short segment only while three full ones are under
    /// way, and cannot be told otherwise.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.1.nodelay.store(nodelay, SeqCst);
        Ok(())
    }

    pub fn nodelay(&self) -> io::Result<bool> {
        Ok(self.1.nodelay.load(SeqCst))
    }

    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.1.conversation.set_ttl(&self.1.ttl, ttl)
    }

    pub fn ttl(&self) -> io::Result<u32> {
        Ok(self.1.ttl.load(SeqCst))
    }

    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(None)
    }

    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.1.reads.set_nonblocking(nonblocking)?;
        self.1.writes.set_nonblocking(nonblocking)?;
        self.1.reading.recheck_waiters();
        self.1.writing.recheck_waiters();
        Ok(())
    }
}

/// A reader's error that may be a reset.
fn is_hungup(why: &io::Error) -> bool {
    matches!(why.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

/// How much of so many bytes may be written; waits until that is something. It takes nothing where
/// it fails.
fn await_room(
    unacknowledged: &mut Unacknowledged,
    conversation: &Conversation,
    wanted: usize,
    call: &Call<'_>,
) -> io::Result<usize> {
    let mut pause_ms = 0;
    loop {
        let room = unacknowledged.room(conversation, wanted)?;
        if room > 0 {
            return Ok(room);
        }
        if call.is_shut() {
            return Err(timed_io::shut_error());
        }
        let wait = call.wait().0;
        over(wait).map_or(Ok(()), Err)?;
        let _ = process::sleep(pause_ms.min(timed_io::left_ms(wait)));
        pause_ms = (2 * pause_ms).clamp(1, LONGEST_PAUSE_MS);
    }
}

/// A fresh conversation for each call: after a failed one the kernel takes no other.
fn connect(addr: &SocketAddr, deadline: Option<Deadline>) -> io::Result<TcpStream> {
    check_scope(addr)?;
    let to = reachable(addr);
    loop {
        let mut conversation = Conversation::new(Protocol::Tcp)?;
        match connect::connect(&mut conversation, &to, deadline) {
            Ok(Connected::Stands(read)) => {
                let mut stream = TcpStream::of(conversation);
                if let Some(read) = read {
                    stream.has_read(read);
                }
                return Ok(stream);
            }
            // The peer has not heard of it, or has refused it: the kernel says which to the next
            // one.
            Ok(Connected::Lost) => {}
            Err(why) => {
                // It may stand by now, with a peer that knows of it.
                if why.kind() == io::ErrorKind::TimedOut {
                    splice_pointer::give_up(&mut conversation);
                }
                return Err(why);
            }
        }
    }
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
        shown.field("fd", &self.1.conversation.data()).finish()
    }
}
