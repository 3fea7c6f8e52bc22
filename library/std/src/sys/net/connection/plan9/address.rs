//! Addresses as the kernel can take them.

use crate::io;
use crate::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// An address without the number of an interface, which the kernel does not know: it would take
/// any.
pub(super) fn check_scope(address: &SocketAddr) -> io::Result<()> {
    match address {
        SocketAddr::V6(address) if address.scope_id() != 0 => Err(io::const_error!(
            io::ErrorKind::InvalidInput,
            "the kernel knows no interface by a number: give an address without a scope",
        )),
        _ => Ok(()),
    }
}

/// The address to call: no address means this machine, as it does on Unix. The kernel has no route
/// to it.
pub(super) fn reachable(address: &SocketAddr) -> SocketAddr {
    let ip = match address.ip().to_canonical() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
