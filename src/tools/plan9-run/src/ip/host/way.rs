//! Where a call of TCP goes: into the machine, to the host, or nowhere.
//!
//! The host is 10.0.2.2 on the machine's ethernet; what lies beyond is reached through it, as from a virtual machine with
//! a user-mode network.

use crate::ip::route::{self, Own};
use std::net::{IpAddr, Ipv4Addr};

/// The host's address; a call to it reaches the host's 127.0.0.1.
const HOST: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 2, 2));

/// Where a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the machine itself.
    Inside,
    /// To this address, as the host knows it.
    Host(IpAddr),
    /// Onto the loopback interface, where nobody has that address.
    Nobody,
    /// Back at once: no call goes to many.
    Refused,
    /// `no route`.
    None,
}

/// The way to an address.
pub fn way(to: IpAddr) -> Way {
    match (route::own(to), to) {
        (Some(Own::Unicast), _) => Way::Inside,
        (Some(Own::Broadcast), _) => Way::Refused,
        (None, HOST) => Way::Host(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ if to.is_unspecified() => Way::None,
        _ if to.is_loopback() => Way::Nobody,
        (None, IpAddr::V4(v4)) if v4.is_multicast() => Way::Refused,
        _ => Way::Host(to),
    }
}

/// The machine's address that a call to `to` comes from.
pub fn source(to: IpAddr) -> IpAddr {
    match way(to) {
        Way::Host(_) if to.is_ipv4() => machine(),
        _ => route::source(to),
    }
}

/// The machine's address as the host sees it.
pub fn machine() -> IpAddr {
    route::source(HOST)
}

/// The address of a peer of the host's as the machine sees it.
pub fn seen_from_inside(peer: IpAddr) -> IpAddr {
    let peer = peer.to_canonical();
    if peer.is_loopback() { HOST } else { peer }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_goes_inside_to_the_host_or_nowhere() {
        let host = |text: &str| Way::Host(text.parse().expect("an address"));
        for (to, goes, from) in [
            ("127.0.0.1", Way::Inside, "127.0.0.1"),
            ("::1", Way::Inside, "::1"),
            ("10.0.2.15", Way::Inside, "10.0.2.15"),
            ("10.0.2.2", host("127.0.0.1"), "10.0.2.15"),
            ("192.0.2.1", host("192.0.2.1"), "10.0.2.15"),
            ("2001:db8::1", host("2001:db8::1"), "::1"),
            ("127.0.0.2", Way::Nobody, "127.0.0.1"),
            ("255.255.255.255", Way::Refused, "10.0.2.15"),
            ("10.0.2.255", Way::Refused, "10.0.2.15"),
            ("224.0.0.1", Way::Refused, "10.0.2.15"),
            ("0.0.0.0", Way::None, "127.0.0.1"),
            ("::", Way::None, "127.0.0.1"),
        ] {
            let to = to.parse().expect("an address");
            assert_eq!(way(to), goes, "{to}");
            assert_eq!(source(to).to_string(), from, "{to}");
        }
        assert_eq!(seen_from_inside(IpAddr::V4(Ipv4Addr::LOCALHOST)), HOST);
        let mapped = "::ffff:192.0.2.1".parse().expect("an address");
        assert_eq!(seen_from_inside(mapped).to_string(), "192.0.2.1");
    }
}
