//! Which interface a datagram takes, and which addresses are the machine's own (`ip/ipifc.c`, `ip/iproute.c`).
//!
//! There are two interfaces, as on the machine that the expected texts come from: the loopback one, and an ethernet one on
//! which datagrams for other machines are lost.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The ethernet interface's address, in a network of 24 bits.
const ETHER: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);
const ETHER_BROADCAST: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 255);
const LOOPBACK_BROADCAST: Ipv4Addr = Ipv4Addr::new(127, 255, 255, 255);

/// The machine's addresses, in the order of its interfaces.
pub const ADDRESSES: [IpAddr; 3] =
    [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(ETHER)];

/// The group of all machines of a network; the way to it is the ethernet's.
const ALL_SYSTEMS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);

/// What an address is to the machine (`ip/ipifc.c:ipforme`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// One host's, this one.
    Unicast,
    /// Everybody's on a network.
    Broadcast,
}

/// `None` for others' addresses, and for groups: who has joined those is known to the conversations.
pub fn own(address: IpAddr) -> Option<Own> {
    match address {
        IpAddr::V4(Ipv4Addr::LOCALHOST | ETHER) | IpAddr::V6(Ipv6Addr::LOCALHOST) => {
            Some(Own::Unicast)
        }
        IpAddr::V4(Ipv4Addr::BROADCAST | ETHER_BROADCAST | LOOPBACK_BROADCAST) => {
            Some(Own::Broadcast)
        }
        _ => None,
    }
}

/// The machine's address on the way to `remote`, the loopback one where there is no way (`ip/ipifc.c:findlocalip`).
pub fn source(remote: IpAddr) -> IpAddr {
    match remote {
        IpAddr::V4(Ipv4Addr::BROADCAST | ALL_SYSTEMS) => IpAddr::V4(ETHER),
        _ if is_near(remote) => IpAddr::V4(ETHER),
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        // The unset address is written as an IPv6 one and has no version: the kernel sends it as IPv4.
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    }
}

/// On the ethernet's own network.
pub fn is_near(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.octets()[..3] == ETHER.octets()[..3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_on_the_way() {
        for (remote, local) in [
            ("127.0.0.2", "127.0.0.1"),
            ("9.9.9.9", "127.0.0.1"),
            ("255.255.255.255", "10.0.2.15"),
            ("224.0.0.1", "10.0.2.15"),
            ("10.0.2.2", "10.0.2.15"),
            ("0.0.0.0", "127.0.0.1"),
            ("2001:db8::1", "::1"),
        ] {
            assert_eq!(source(remote.parse().unwrap()).to_string(), local, "{remote}");
        }
    }
}
