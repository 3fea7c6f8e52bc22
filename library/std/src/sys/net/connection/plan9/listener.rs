//! `TcpListener`: an announced conversation, whose file `listen` gives the next call (man 3/ip).

use plan9_abi::addr::Text as AddressText;
use plan9_abi::errors::NO_FREE_DESCRIPTORS;

use super::address::check_scope;
use super::conversation::Conversation;
use super::end_key::{Key, Role, Wanted};
use super::half::{Call, Half};
use super::io_lock::IoLock;
use super::local_ends::End;
use super::network::Protocol;
use super::socket::{Socket, Spare};
use super::splice_pointer::How;
use super::stream::TcpStream;
use super::{own_addresses, splice_pointer};
use crate::net::{SocketAddr, ToSocketAddrs};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::SeqCst;
use crate::sync::{Arc, OnceLock};
use crate::sys::fd::FileDesc;
use crate::sys::pal::small_cstr::SmallCStr;
use crate::sys::{FromInner, unsupported};
use crate::time::Duration;
use crate::{fmt, io};

/// A listener; clones share the conversation.
pub struct TcpListener(Arc<Shared>, Spare);

struct Shared {
    conversation: Conversation,
    /// IPv6 or IPv4: the kernel writes both wildcards alike.
    asked: SocketAddr,
    /// The port, once a call was accepted.
    port: OnceLock<u16>,
    /// The second to open `listen` would wait where no note reaches. A call that was taken, and for
    /// whose files no descriptor was free, is the next accept's.
    accepting: IoLock<Option<Conversation>>,
    accepts: Half,
    ttl: AtomicU32,
}

impl TcpListener {
    pub fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<TcpListener> {
        super::super::each_addr(addr, |addr| {
            check_scope(addr)?;
            let conversation = Conversation::new(Protocol::Tcp)?;
            let command = match addr.ip().is_unspecified() {
                true => SmallCStr::new(format_args!("announce *!{}", addr.port())),
                false => SmallCStr::new(format_args!("announce {}", AddressText(*addr))),
            };
            conversation.settle(command.as_bytes())?;
            Ok(Self::new(conversation, *addr))
        })
    }

    fn new(conversation: Conversation, asked: SocketAddr) -> TcpListener {
        TcpListener(
            Arc::new(Shared {
                conversation,
                asked,
                port: OnceLock::new(),
                accepting: IoLock::new(None),
                accepts: Half::new(),
                ttl: AtomicU32::new(255),
            }),
            Spare::new(),
        )
    }

    /// The one of an announced conversation. A wildcard counts as IPv6's, which takes both.
    pub(super) fn of(conversation: Conversation) -> io::Result<TcpListener> {
        let asked = conversation.address("local")?;
        Ok(Self::new(conversation, asked))
    }

    /// For `std::os::fd`.
    pub fn socket(&self) -> &FileDesc {
        self.0.conversation.ctl()
    }

    /// For `std::os::fd`.
    pub fn into_socket(self) -> Socket {
        match Arc::try_unwrap(self.0) {
            Ok(shared) => Socket::from_inner(shared.conversation.ctl.expect("ctl is open")),
            Err(_) => self.1.take(),
        }
    }

    pub fn socket_addr(&self) -> io::Result<SocketAddr> {
        let mut addr = self.0.conversation.address("local")?;
        if addr.ip().is_unspecified() {
            addr.set_ip(self.0.asked.ip());
        }
        Ok(addr)
    }

    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.accept_in(&self.0.accepts.call())
    }

    /// `std::os::plan9`: `TimedOut` if nobody calls in that time.
    pub fn accept_timeout(&self, timeout: Duration) -> io::Result<(TcpStream, SocketAddr)> {
        if timeout.is_zero() {
            return Err(io::Error::ZERO_TIMEOUT);
        }
        self.accept_in(&self.0.accepts.call_within(timeout))
    }

    fn accept_in(&self, call: &Call<'_>) -> io::Result<(TcpStream, SocketAddr)> {
        let mut taken = self.0.accepting.enter(call)?;
        loop {
            let mut conversation = match taken.take() {
                Some(conversation) => conversation,
                None => self.0.conversation.listen(call)?,
            };
            let peer = match self.answer(&mut conversation) {
                Ok(peer) => peer,
                Err(why) => {
                    if why.raw_os_error() == Some(NO_FREE_DESCRIPTORS) {
                        *taken = Some(conversation);
                    }
                    return Err(why);
                }
            };
            // The kernel lets calls over both versions reach a wildcard.
            if self.0.asked.is_ipv4() && peer.is_ipv6() {
                splice_pointer::close(&mut conversation, How::Open, false);
                continue;
            }
            return Ok((TcpStream::of(conversation), peer));
        }
    }

    /// Opens the files of a call, and knows its other end, if that is inside this machine.
    fn answer(&self, conversation: &mut Conversation) -> io::Result<SocketAddr> {
        if conversation.data.is_none() {
            conversation.open_data()?;
        }
        let peer = conversation.address("remote")?;
        let network = conversation.place.network;
        if peer.ip() == self.0.asked.ip().to_canonical() || own_addresses::has(network, peer.ip()) {
            let port = *self.0.port.get_or_try_init(|| {
                self.0.conversation.address("local").map(|local| local.port())
            })?;
            let key = Key { network, caller: peer, port };
            let wanted = Wanted { key, role: Role::Answerer, guessed: false };
            conversation.end = End::enter(wanted, conversation.place.number);
        }
        Ok(peer)
    }

    /// `std::os::plan9`: ends every accept, now and later, with `listen hungup`.
    pub fn shutdown(&self) -> io::Result<()> {
        // First the flag, for who is on the way into the kernel; then the kernel, for the port.
        self.0.accepts.shut();
        self.0.conversation.command(b"hangup")
    }

    pub fn duplicate(&self) -> io::Result<TcpListener> {
        let spare = self.1.share(self.0.conversation.ctl())?;
        Ok(TcpListener(Arc::clone(&self.0), spare))
    }

    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.0.conversation.set_ttl(&self.0.ttl, ttl)
    }

    pub fn ttl(&self) -> io::Result<u32> {
        Ok(self.0.ttl.load(SeqCst))
    }

    pub fn set_only_v6(&self, _: bool) -> io::Result<()> {
        unsupported()
    }

    pub fn only_v6(&self) -> io::Result<bool> {
        unsupported()
    }

    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(None)
    }

    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.0.accepts.set_nonblocking(nonblocking)?;
        self.0.accepting.recheck_waiters();
        Ok(())
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("TcpListener");
        if let Ok(addr) = self.socket_addr() {
            shown.field("addr", &addr);
        }
        shown.field("fd", &self.socket().raw()).finish()
    }
}
