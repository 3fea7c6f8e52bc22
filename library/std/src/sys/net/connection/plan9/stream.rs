//! A connected stream.

use super::conversation::Conversation;
use super::lane::Lane;
use crate::fmt;
use crate::io::{self, BorrowedCursor, IoSlice, IoSliceMut};
use crate::mem::MaybeUninit;
use crate::net::{Shutdown, SocketAddr, ToSocketAddrs};
use crate::ptr;
use crate::sync::atomic::Ordering::SeqCst;
use crate::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64};
use crate::sync::{Arc, Mutex};
use crate::sys::pal::clock;
use crate::sys::pal::deadline::operation::{self, Cancel, Deadline};
use crate::sys::pal::deadline::slot::Operation;
use crate::sys::pal::deadline::thread::fire;
use crate::sys::pal::deadline::write_rule::WriteRule;
use crate::sys::pal::thread_control::ThreadControl;
use crate::sys::unsupported;
use crate::time::Duration;
use plan9_abi::queue::TCP_LIMIT_UNSCALED;

/// A stream; clones share the conversation and its settings.
pub struct TcpStream(Arc<Shared>);

struct Shared {
    conversation: Conversation,
    read_timeout: Mutex<Option<Duration>>,
    write_timeout: Mutex<Option<Duration>>,
    reading: Lane<Ahead>,
    writing: Lane<WriteRule>,
    reader: Reader,
    write_shut: AtomicBool,
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

/// Who reads, so that a shutdown can end it.
///
/// The reader arms, makes itself known, then looks whether reading is shut; a shutdown sets that, then looks who is
/// known. All of it is sequentially consistent, so one of the two sees the other.
#[derive(Default)]
struct Reader {
    shut: AtomicBool,
    thread: AtomicPtr<ThreadControl>,
    operation: AtomicU64,
}

impl Cancel for Reader {
    fn enter(&self, thread: &'static ThreadControl, operation: Operation) -> bool {
        self.operation.store(operation.number(), SeqCst);
        self.thread.store(ptr::from_ref(thread).cast_mut(), SeqCst);
        self.shut.load(SeqCst)
    }

    fn leave(&self) {
        self.thread.store(ptr::null_mut(), SeqCst);
    }

    fn is_cancelled(&self) -> bool {
        self.shut.load(SeqCst)
    }
}

impl Reader {
    fn shut(&self) {
        self.shut.store(true, SeqCst);
        // SAFETY: control blocks are never freed. One that has gone on to another operation refuses the number.
        if let Some(thread) = unsafe { self.thread.load(SeqCst).as_ref() } {
            fire(thread, Operation::from_number(self.operation.load(SeqCst)));
        }
    }
}

/// A buffer as the kernel sees it, which never makes a byte less initialised than it was.
fn uninit(buf: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    // SAFETY: the same layout, and only initialised bytes are written.
    unsafe { &mut *(ptr::from_mut(buf) as *mut [MaybeUninit<u8>]) }
}

/// The moment a timeout from now; `None` for one that the clock never reaches.
fn deadline(timeout: Option<Duration>) -> Option<Deadline> {
    clock::deadline(timeout?).map(Deadline)
}

fn checked(timeout: Option<Duration>) -> io::Result<Option<Duration>> {
    match timeout {
        Some(Duration::ZERO) => Err(io::Error::ZERO_TIMEOUT),
        other => Ok(other),
    }
}

fn get(setting: &Mutex<Option<Duration>>) -> Option<Duration> {
    *setting.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn set(setting: &Mutex<Option<Duration>>, timeout: Option<Duration>) -> io::Result<()> {
    *setting.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = checked(timeout)?;
    Ok(())
}

impl TcpStream {
    pub(super) fn of(conversation: Conversation) -> TcpStream {
        TcpStream(Arc::new(Shared {
            conversation,
            read_timeout: Mutex::new(None),
            write_timeout: Mutex::new(None),
            reading: Lane::new(Ahead::default()),
            // The smallest limit: right for every peer, and asking for the real one would cost a file.
            writing: Lane::new(WriteRule::new(TCP_LIMIT_UNSCALED)),
            reader: Reader::default(),
            write_shut: AtomicBool::new(false),
            nodelay: AtomicBool::new(false),
            ttl: AtomicU32::new(255),
        }))
    }

    pub fn connect<A: ToSocketAddrs>(addr: A) -> io::Result<TcpStream> {
        super::super::each_addr(addr, |addr| connect(addr, None))
    }

    pub fn connect_timeout(addr: &SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
        connect(addr, deadline(checked(Some(timeout))?))
    }

    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        set(&self.0.read_timeout, timeout)
    }

    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        set(&self.0.write_timeout, timeout)
    }

    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(get(&self.0.read_timeout))
    }

    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(get(&self.0.write_timeout))
    }

    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        let deadline = deadline(get(&self.0.read_timeout));
        let mut ahead = self.0.reading.enter(deadline)?;
        if ahead.bytes.is_empty() {
            let n = self.fill(&mut ahead, uninit(buf), deadline)?;
            ahead.bytes.extend_from_slice(&buf[..n]);
            return Ok(n);
        }
        let n = buf.len().min(ahead.bytes.len());
        buf[..n].copy_from_slice(&ahead.bytes[..n]);
        Ok(n)
    }

    pub fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        let deadline = deadline(get(&self.0.read_timeout));
        let mut ahead = self.0.reading.enter(deadline)?;
        if !ahead.bytes.is_empty() {
            let n = buf.len().min(ahead.bytes.len());
            buf[..n].copy_from_slice(&ahead.bytes[..n]);
            ahead.bytes.drain(..n);
            return Ok(n);
        }
        self.fill(&mut ahead, uninit(buf), deadline)
    }

    /// Reads from the kernel.
    fn fill(
        &self,
        ahead: &mut Ahead,
        buf: &mut [MaybeUninit<u8>],
        deadline: Option<Deadline>,
    ) -> io::Result<usize> {
        if ahead.ended || self.0.reader.is_cancelled() || buf.is_empty() {
            return Ok(0);
        }
        let n = operation::read(self.0.conversation.data(), buf, deadline, &self.0.reader)?;
        ahead.ended = n == 0;
        Ok(n)
    }

    pub fn read_buf(&self, mut cursor: BorrowedCursor<'_>) -> io::Result<()> {
        let deadline = deadline(get(&self.0.read_timeout));
        let mut ahead = self.0.reading.enter(deadline)?;
        if !ahead.bytes.is_empty() {
            let n = cursor.capacity().min(ahead.bytes.len());
            cursor.append(&ahead.bytes[..n]);
            ahead.bytes.drain(..n);
            return Ok(());
        }
        // SAFETY: nothing that is initialised is made otherwise.
        let n = self.fill(&mut ahead, unsafe { cursor.as_mut() }, deadline)?;
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
        if self.0.write_shut.load(SeqCst) {
            return Err(io::const_error!(io::ErrorKind::BrokenPipe, "the stream is shut"));
        }
        let deadline = deadline(get(&self.0.write_timeout));
        let mut rule = self.0.writing.enter(deadline)?;
        let conversation = &self.0.conversation;
        operation::write(conversation.data(), buf, deadline, &mut rule, || {
            Ok(conversation.status()?.qout == 0)
        })
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
            Shutdown::Read => self.0.reader.shut(),
            Shutdown::Write => {
                if self.0.conversation.command(b"hangupxmit").is_err() {
                    return Err(io::const_error!(
                        io::ErrorKind::Unsupported,
                        "this kernel cannot shut the writing half alone",
                    ));
                }
                self.0.write_shut.store(true, SeqCst);
            }
            Shutdown::Both => {
                self.0.write_shut.store(true, SeqCst);
                self.0.conversation.command(b"close")?;
                self.0.reader.shut();
            }
        }
        Ok(())
    }

    pub fn duplicate(&self) -> io::Result<TcpStream> {
        Ok(TcpStream(Arc::clone(&self.0)))
    }

    pub fn set_linger(&self, _: Option<Duration>) -> io::Result<()> {
        unsupported()
    }

    pub fn linger(&self) -> io::Result<Option<Duration>> {
        unsupported()
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
        if nonblocking { unsupported() } else { Ok(()) }
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
    let mut conversation = Conversation::new()?;
    conversation.connect(addr, deadline)?;
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
        shown.field("conversation", &self.0.conversation.number).finish()
    }
}
