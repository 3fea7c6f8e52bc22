//! A socket for datagrams: an announced conversation with `headers` (man 3/ip).
//!
//! Such a conversation carries the addresses in front of each datagram, so one descriptor serves
//! `send_to` and `recv_from`. `connect` stays in user space: `send` writes the peer's address, a
//! receive throws away what comes from others. The kernel's way, a second conversation `connect
//! PEER LOCAL` on the same port, would split what comes between two descriptors that no call can
//! wait on together, could not be connected anew, and one ICMP message would end it for good
//! (`ip/udp.c:udpadvise`). So no datagram's fate is ever reported: an unreachable port is silence.
//!
//! No write waits or fails, whatever becomes of the datagram. What surely vanishes, for its length
//! or its address, is refused here.

use plan9_abi::addr::Text as AddressText;
use plan9_abi::udp::{HEADER, MAX_PAYLOAD_HEADERS, MAX_PAYLOAD_V4, Udphdr};

use super::address::{check_scope, reachable};
use super::conversation::Conversation;
use super::half::{Call, Half};
use super::io_lock::IoLock;
use super::iounit::IoUnit;
use super::multicast::{Memberships, way_to};
use super::network::Protocol;
use super::socket::{Socket, Spare};
use super::timed_io;
use crate::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use crate::sync::Arc;
use crate::sync::atomic::Ordering::SeqCst;
use crate::sync::atomic::{AtomicBool, AtomicU32};
use crate::sync::nonpoison::Mutex;
use crate::sys::fd::FileDesc;
use crate::sys::pal::deadline::bound::{Bound, Wait};
use crate::sys::pal::small_cstr::SmallCStr;
use crate::sys::unsupported;
use crate::time::Duration;
use crate::{fmt, io};

/// So many datagrams of strangers a call drops that may not wait.
const MOST_DROPPED: u64 = 32;

/// A socket; clones share the conversation and its settings.
pub struct UdpSocket(Arc<Shared>, Spare);

struct Shared {
    conversation: Conversation,
    /// Its own address, with the wildcard that was asked for: the kernel writes both alike.
    local: SocketAddr,
    peer: Mutex<Option<Peer>>,
    unit: IoUnit,
    /// The kernel lets one reader wait at a time, and a peeked datagram belongs to the next.
    reading: IoLock<Inbox>,
    reads: Half,
    /// Its timeout bounds a write where `/net` is another machine's.
    writes: Half,
    groups: Memberships,
    broadcast: AtomicBool,
    ttl: AtomicU32,
}

/// What the socket was connected to.
#[derive(Clone, Copy)]
struct Peer {
    address: SocketAddr,
    /// The socket's address as that peer sees it.
    local: SocketAddr,
}

/// The datagram that was read last, with its header, and whether somebody peeked at it and it is
/// still to be given.
#[derive(Default)]
struct Inbox {
    datagram: Vec<u8>,
    peeked: bool,
}

impl Inbox {
    /// The addresses in front and the data behind.
    fn split(&self) -> Option<(SocketAddr, &[u8])> {
        let (header, data) = self.datagram.split_first_chunk::<HEADER>()?;
        let header = Udphdr::parse(header);
        let from = IpAddr::V6(header.remote).to_canonical();
        Some((SocketAddr::new(from, header.remote_port), data))
    }
}

fn as_ipv6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let n = from.len().min(to.len());
    to[..n].copy_from_slice(&from[..n]);
    n
}

fn not_connected() -> io::Error {
    io::const_error!(io::ErrorKind::NotConnected, "the socket has no peer")
}

impl Shared {
    fn connected(&self) -> Option<Peer> {
        *self.peer.lock()
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.connected().map(|peer| peer.address)
    }

    /// The address in the form that is compared and sent to.
    fn destination(&self, to: &SocketAddr) -> io::Result<SocketAddr> {
        check_scope(to)?;
        let ip = reachable(to).ip();
        if to.port() == 0 {
            return Err(io::const_error!(io::ErrorKind::InvalidInput, "nobody has this address"));
        }
        // The wildcard of IPv6 takes both.
        let fits = match self.local.ip() {
            IpAddr::V4(_) => ip.is_ipv4(),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => true,
            IpAddr::V6(_) => ip.is_ipv6(),
        };
        if !fits {
            return Err(io::const_error!(
                io::ErrorKind::InvalidInput,
                "an address of the other version than the socket's",
            ));
        }
        Ok(SocketAddr::new(ip, to.port()))
    }

    fn send(&self, data: &[u8], to: SocketAddr) -> io::Result<usize> {
        // Where the network is another machine's, what one message does not hold would arrive as
        // two datagrams.
        let whole = HEADER + data.len();
        if data.len() > MAX_PAYLOAD_HEADERS
            || self.unit.of(self.conversation.data_file(), whole) < whole
        {
            return Err(io::const_error!(io::ErrorKind::InvalidInput, "too long for a datagram"));
        }
        let header = Udphdr {
            remote: as_ipv6(to.ip()),
            // The zero address lets the kernel choose, by the way that the datagram takes.
            local: match self.local.ip() {
                any if any.is_unspecified() => Ipv6Addr::UNSPECIFIED,
                own => as_ipv6(own),
            },
            interface: Ipv6Addr::UNSPECIFIED,
            remote_port: to.port(),
            local_port: self.local.port(),
        };
        let mut datagram = Vec::with_capacity(HEADER + data.len());
        datagram.extend_from_slice(&header.bytes());
        datagram.extend_from_slice(data);
        // One that a note breaks has been sent.
        timed_io::command(self.conversation.data(), &datagram, &self.writes.call())?;
        Ok(data.len())
    }

    /// Sees to it that the inbox holds a datagram of which up to `most` bytes of data count, and
    /// gives its sender.
    fn receive(&self, inbox: &mut Inbox, most: usize, call: &Call<'_>) -> io::Result<SocketAddr> {
        // The peer may be another one meanwhile, and many strangers may send.
        for dropped in 1_u64.. {
            if !inbox.peeked {
                // A longer read of a mounted file would be made of two, and hold two datagrams.
                let room = HEADER + most.min(MAX_PAYLOAD_V4);
                let room = self.unit.of(self.conversation.data_file(), room);
                inbox.datagram.clear();
                inbox.datagram.reserve(room);
                let spare = &mut inbox.datagram.spare_capacity_mut()[..room];
                let n = timed_io::read(self.conversation.data(), spare, call)?;
                // SAFETY: the kernel has written that many bytes.
                unsafe { inbox.datagram.set_len(n) };
            }
            inbox.peeked = false;
            let Some((from, _)) = inbox.split() else {
                // Somebody has written `hangup` to the conversation.
                return Err(io::const_error!(
                    io::ErrorKind::BrokenPipe,
                    "the conversation was hung up",
                ));
            };
            // The wildcards of both versions are one to the kernel.
            let fits = from.is_ipv4() || self.local.is_ipv6();
            if fits && self.peer().is_none_or(|peer| peer == from) {
                return Ok(from);
            }
            // The call's time goes on whoever sends.
            match call.wait().0 {
                Wait::Not if dropped < MOST_DROPPED => {}
                wait => timed_io::over(wait).map_or(Ok(()), Err)?,
            }
        }
        unreachable!("a loop without an end")
    }
}

impl UdpSocket {
    pub fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<UdpSocket> {
        super::super::each_addr(addr, |addr| {
            check_scope(addr)?;
            let mut conversation = Conversation::new(Protocol::Udp)?;
            conversation.command(b"headers")?;
            let command = match addr.ip().is_unspecified() {
                true => SmallCStr::new(format_args!("announce *!{}", addr.port())),
                false => SmallCStr::new(format_args!("announce {}", AddressText(*addr))),
            };
            conversation.settle(command.as_bytes())?;
            conversation.open_data()?;
            let mut local = *addr;
            local.set_port(conversation.address("local")?.port());
            Ok(Self::new(conversation, local, None))
        })
    }

    fn new(conversation: Conversation, local: SocketAddr, peer: Option<Peer>) -> UdpSocket {
        let shared = Arc::new(Shared {
            conversation,
            local,
            peer: Mutex::new(peer),
            unit: IoUnit::new(),
            reading: IoLock::new(Inbox::default()),
            reads: Half::new(),
            writes: Half::new(),
            groups: Memberships::new(),
            broadcast: AtomicBool::new(false),
            ttl: AtomicU32::new(255),
        });
        UdpSocket(shared, Spare::new())
    }

    /// The one of a conversation, which gives its datagrams addresses from now on. If it was
    /// connected, to its peer. A wildcard counts as IPv6's, which takes both.
    pub(super) fn of(conversation: Conversation) -> io::Result<UdpSocket> {
        conversation.command(b"headers")?;
        let local = conversation.address("local")?;
        let peer = conversation.address("remote").ok().filter(|peer| peer.port() != 0);
        let peer = peer.map(|address| Peer { address, local });
        Ok(Self::new(conversation, local, peer))
    }

    /// For `std::os::fd`.
    pub fn socket(&self) -> &FileDesc {
        self.0.conversation.data_file()
    }

    /// For `std::os::fd`: what is left here is forgotten, the peer and a datagram that was peeked
    /// at too.
    pub fn into_socket(self) -> Socket {
        match Arc::try_unwrap(self.0) {
            Ok(mut shared) => shared.conversation.take_data(),
            Err(_) => self.1.take(),
        }
    }

    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer().ok_or_else(not_connected)
    }

    /// Once it is connected, the one that the peer sees.
    pub fn socket_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.0.connected().map_or(self.0.local, |peer| peer.local))
    }

    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let call = self.0.reads.call();
        let mut inbox = self.0.reading.enter(&call)?;
        let from = self.0.receive(&mut inbox, buf.len(), &call)?;
        let data = inbox.split().map_or(&[][..], |(_, data)| data);
        Ok((copy(data, buf), from))
    }

    /// The kernel has no peek: the datagram is kept, whole, for the next call.
    pub fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let call = self.0.reads.call();
        let mut inbox = self.0.reading.enter(&call)?;
        let from = self.0.receive(&mut inbox, MAX_PAYLOAD_V4, &call)?;
        inbox.peeked = true;
        let data = inbox.split().map_or(&[][..], |(_, data)| data);
        Ok((copy(data, buf), from))
    }

    pub fn send_to(&self, buf: &[u8], addr: &SocketAddr) -> io::Result<usize> {
        self.0.send(buf, self.0.destination(addr)?)
    }

    pub fn duplicate(&self) -> io::Result<UdpSocket> {
        let spare = self.1.share(self.0.conversation.data_file())?;
        Ok(UdpSocket(Arc::clone(&self.0), spare))
    }

    /// For the call that is blocked, and those that wait for their turn, as well.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.reads.set_timeout(timeout)?;
        self.0.reading.recheck_waiters();
        Ok(())
    }

    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.writes.set_timeout(timeout)
    }

    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.0.reads.timeout())
    }

    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.0.writes.timeout())
    }

    /// Kept and given back: the kernel lets everybody send to everybody.
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.0.broadcast.store(broadcast, SeqCst);
        Ok(())
    }

    pub fn broadcast(&self) -> io::Result<bool> {
        Ok(self.0.broadcast.load(SeqCst))
    }

    /// What is sent to a group that this machine is in always comes back.
    pub fn set_multicast_loop_v4(&self, loops: bool) -> io::Result<()> {
        if loops { Ok(()) } else { unsupported() }
    }

    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        Ok(true)
    }

    /// The kernel has one ttl for all that a conversation sends: [`set_ttl`](Self::set_ttl).
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        if ttl == self.0.ttl.load(SeqCst) { Ok(()) } else { unsupported() }
    }

    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.ttl()
    }

    pub fn set_multicast_loop_v6(&self, loops: bool) -> io::Result<()> {
        self.set_multicast_loop_v4(loops)
    }

    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.multicast_loop_v4()
    }

    pub fn join_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.0.groups.join((*group).into(), named(interface))
    }

    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.0.groups.join((*group).into(), any_interface(interface)?)
    }

    pub fn leave_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.0.groups.leave((*group).into(), named(interface))
    }

    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.0.groups.leave((*group).into(), any_interface(interface)?)
    }

    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.0.conversation.set_ttl(&self.0.ttl, ttl)
    }

    pub fn ttl(&self) -> io::Result<u32> {
        Ok(self.0.ttl.load(SeqCst))
    }

    /// An announced conversation hears of no errors.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(None)
    }

    /// Writes never wait for anybody, so reads alone are told.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.0.reads.set_nonblocking(nonblocking)?;
        self.0.reading.recheck_waiters();
        Ok(())
    }

    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.recv_from(buf).map(|(n, _)| n)
    }

    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.peek_from(buf).map(|(n, _)| n)
    }

    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.0.send(buf, self.peer_addr()?)
    }

    pub fn connect<A: ToSocketAddrs>(&self, addr: A) -> io::Result<()> {
        super::super::each_addr(addr, |addr| {
            let address = self.0.destination(addr)?;
            let mut local = self.0.local;
            if local.ip().is_unspecified() {
                local.set_ip(match (local.ip(), way_to(address.ip())?) {
                    (IpAddr::V6(_), IpAddr::V4(own)) => own.to_ipv6_mapped().into(),
                    (_, own) => own,
                });
            }
            let peer = Some(Peer { address, local });
            *self.0.peer.lock() = peer;
            Ok(())
        })
    }
}

/// An interface that the caller named by its address.
fn named(interface: &Ipv4Addr) -> Option<IpAddr> {
    (!interface.is_unspecified()).then_some((*interface).into())
}

/// The kernel knows interfaces by their addresses, not by the numbers that this call has.
fn any_interface(number: u32) -> io::Result<Option<IpAddr>> {
    if number == 0 { Ok(None) } else { unsupported() }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("UdpSocket");
        shown.field("addr", &self.0.local);
        if let Some(peer) = self.0.peer() {
            shown.field("peer", &peer);
        }
        shown.field("fd", &self.socket().raw()).finish()
    }
}
