//! Workaround: a full segment over the loopback is lost for good.
//!
//! The loopback's MTU is 65,536 bytes (`ip/loopbackmedium.c`), so a full segment makes a packet of
//! exactly 65,536 bytes. IP drops that as too large (`ip/ip.c:ipoput4`, `ip/ipv6.c:ipoput6`), and
//! every retransmission of it, so the stream stands still. This happens where the kernel does not
//! splice a conversation inside the machine: to `::1`, which has no unicast route
//! (`ip/tcp.c:tcpincoming`).
//!
//! So on such a conversation less than one full segment is written before the other side has
//! acknowledged some of it. The unacknowledged bytes are an upper bound: the sum of what was
//! written since `status` was read last. `status` is read when that bound leaves no room. Whether a
//! conversation is of this kind is found out once, when it first writes more than a segment to this
//! machine, by the route to its address and that route's interface. Other conversations pay
//! nothing.
//!
//! Kernels: 9front since 2024-05-12. An administrator's mend is `echo mtu 65535 >/net/ipifc/0/ctl`,
//! which is seen here. This can go when IP takes packets of 65,536 bytes, or the loopback's MTU is
//! less, and the kernels before that are not used any more.

use plan9_abi::flags::open;
use plan9_abi::sys::file;

use super::conversation::Conversation;
use super::network::Network;
use crate::io;
use crate::net::IpAddr;
use crate::sys::pal::cvt_r;
use crate::sys::pal::small_cstr::SmallCStr;

/// The largest packet that IP takes is one byte less (`ip/ip.h:IP_MAX`).
const IP_MAX: u64 = 65_536;
/// The headers of a packet of TCP over each version of IP, in bytes (`ip/tcp.c`).
const HEADERS_V4: u64 = 40;
const HEADERS_V6: u64 = 60;

/// No smaller part of a larger write is worth a segment, in bytes.
const LEAST: u64 = 8 << 10;

/// Room for all of a small file of the network, which is read at once: the kernel leaves out lines
/// of `iproute` that do not fit. In bytes.
const ROOM: usize = 64 << 10;

/// What a stream may have unacknowledged.
#[derive(Clone, Copy)]
enum Limit {
    Unknown,
    Bytes(u64),
    None,
}

/// The account of one stream's writes, whose writers take turns.
pub struct Unacknowledged {
    limit: Limit,
    /// Upper bound, in bytes.
    bytes: u64,
}

impl Unacknowledged {
    pub const fn new() -> Self {
        Self { limit: Limit::Unknown, bytes: 0 }
    }

    /// How many of so many bytes may be written now; 0 until the other side has acknowledged more.
    pub fn room(&mut self, conversation: &Conversation, wanted: usize) -> io::Result<usize> {
        let Some(end) = &conversation.end else { return Ok(wanted) };
        let wanted = wanted as u64;
        if let Limit::Unknown = self.limit {
            // Whatever it is, it is not less than that.
            if self.bytes + wanted < IP_MAX - HEADERS_V6 {
                return Ok(wanted as usize);
            }
            let key = end.key();
            let limit = full_segment(key.network, key.caller.ip(), conversation.status()?.is_old);
            self.limit = limit.map_or(Limit::None, |full| Limit::Bytes(full - 1));
        }
        let Limit::Bytes(most) = self.limit else { return Ok(wanted as usize) };
        let wanted = wanted.min(most);
        if self.bytes + wanted > most {
            self.bytes = conversation.status()?.qout;
        }
        let room = most.saturating_sub(self.bytes);
        Ok(if room < wanted.min(LEAST) { 0 } else { room.min(wanted) as usize })
    }

    /// So many bytes were written.
    pub fn wrote(&mut self, bytes: usize) {
        if !matches!(self.limit, Limit::None) {
            self.bytes += bytes as u64;
        }
    }
}

/// The bytes of a segment to this machine's own address that would be lost; `None` if there is no
/// such. A kernel that is `old` splices nothing.
fn full_segment(network: Network, address: IpAddr, old: bool) -> Option<u64> {
    let routes = read(network.file("iproute"))?;
    let (interface, unicast) = route_to(&routes, address)?;
    if unicast && !old {
        return None;
    }
    let status = read(network.file(&format!("ipifc/{interface}/status")))?;
    let headers = if address.is_ipv4() { HEADERS_V4 } else { HEADERS_V6 };
    (mtu(&status)? >= IP_MAX).then_some(IP_MAX - headers)
}

/// All of a small file.
fn read(name: SmallCStr) -> Option<String> {
    let fd = cvt_r(|| file::open(name.as_c_str(), open::READ | open::CEXEC)).ok()?;
    let mut text = vec![0; ROOM];
    let read = cvt_r(|| file::read(fd, &mut text));
    let _ = file::close(fd);
    text.truncate(read.ok()?);
    String::from_utf8(text).ok()
}

/// The interface of the route to one address, and whether it is an own address's that the kernel
/// splices. The words of a line are address, mask, gate, type, tag, interface, source and its mask
/// (man 3/ip, `ip/iproute.c:sprintroute`).
fn route_to(routes: &str, address: IpAddr) -> Option<(u32, bool)> {
    let found = routes.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let to: IpAddr = words.next()?.parse().ok()?;
        let is_host = words.next()? == "/128";
        let kind = words.nth(1)?;
        let interface = words.nth(1)?.parse().ok()?;
        (to.to_canonical() == address.to_canonical() && is_host)
            .then_some((interface, kind.contains('u')))
    });
    // Of several, the one that is unicast.
    found.max_by_key(|&(_, unicast)| unicast)
}

/// The MTU in an interface's `status`, in bytes.
fn mtu(status: &str) -> Option<u64> {
    let mut words = status.split_ascii_whitespace();
    words.find(|&word| word == "maxtu")?;
    words.next()?.parse().ok()
}
