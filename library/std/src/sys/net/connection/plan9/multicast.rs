//! The multicast groups that a socket has joined.
//!
//! `addmulti` joins a group for a whole interface, and lasts as long as the conversation whose
//! `ctl` took it. Its opposite leaves only a group that is the conversation's own address
//! (`ip/devip.c:ipwrite`). So each membership has a conversation of its own that does nothing else:
//! to leave is to close it.

use plan9_abi::addr::Text as AddressText;

use super::conversation::Conversation;
use super::network::Protocol;
use crate::io;
use crate::net::{IpAddr, SocketAddr};
use crate::sync::nonpoison::Mutex;
use crate::sys::pal::small_cstr::SmallCStr;

/// Where a datagram would be sent to find the way to a group; nothing is.
const ANY_PORT: u16 = 9;

struct Membership {
    group: IpAddr,
    /// As the caller named it.
    interface: Option<IpAddr>,
    _held: Conversation,
}

/// The memberships of one socket and its clones.
pub struct Memberships(Mutex<Vec<Membership>>);

impl Memberships {
    pub const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Joins on the interface of an address, or on the one that leads to the group.
    pub fn join(&self, group: IpAddr, interface: Option<IpAddr>) -> io::Result<()> {
        let on = match interface {
            Some(on) => on,
            None => way_to(group)?,
        };
        let held = Conversation::new(Protocol::Udp)?;
        held.command(SmallCStr::new(format_args!("addmulti {on} {group}")).as_bytes())?;
        let mut joined = self.0.lock();
        if joined.iter().any(|one| one.group == group && one.interface == interface) {
            drop(joined);
            drop(held);
            return Err(io::const_error!(io::ErrorKind::AddrInUse, "already in the group"));
        }
        joined.push(Membership { group, interface, _held: held });
        Ok(())
    }

    pub fn leave(&self, group: IpAddr, interface: Option<IpAddr>) -> io::Result<()> {
        let mut joined = self.0.lock();
        let found = joined.iter().position(|one| one.group == group && one.interface == interface);
        let found =
            found.ok_or(io::const_error!(io::ErrorKind::AddrNotAvailable, "not in the group",))?;
        let left = joined.remove(found);
        // Closing may take time.
        drop(joined);
        drop(left);
        Ok(())
    }
}

/// The address of this machine that the kernel would send from.
pub(super) fn way_to(group: IpAddr) -> io::Result<IpAddr> {
    let scout = Conversation::new(Protocol::Udp)?;
    let to = SocketAddr::new(group, ANY_PORT);
    scout.settle(SmallCStr::new(format_args!("connect {}", AddressText(to))).as_bytes())?;
    Ok(scout.address("local")?.ip())
}
