//! Addresses as `ctl` messages and `local`, `remote` write them (`ip/devip.c`, `ip/ipaux.c`), and which of them is where.
//!
//! The machine has its loopback addresses and 10.0.2.15 on an ethernet whose only other inhabitant is the host, 10.0.2.2;
//! what lies beyond is reached through the host, as from a virtual machine with a user-mode network.

use crate::dev::{Error, Result, error};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The wildcard, which is written `::`.
pub const ANY: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
const SYNTAX: Error = error("bad ip address syntax");

/// `127.0.0.1`, `::1`, `*`; a mapped address is the IPv4 one it holds. Octets wrap, missing ones are zeros.
pub fn parse(text: &str) -> Result<IpAddr> {
    if text == "*" {
        return Ok(ANY);
    }
    if let Ok(address) = text.trim_matches(['[', ']']).parse::<Ipv6Addr>() {
        return Ok(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4));
    }
    let parts: Vec<u8> = text
        .split('.')
        .map(|part| part.parse::<u32>().map(|n| n as u8).map_err(|_| SYNTAX))
        .collect::<Result<_>>()?;
    let octets = match parts[..] {
        [a] => [a, 0, 0, 0],
        // What is missing stands behind the network's part, as long as the address's class has it.
        [a @ 0..=127, d] => [a, 0, 0, d],
        [a, b] => [a, b, 0, 0],
        [a @ 0..=127, c, d] => [a, 0, c, d],
        [a @ 128..=191, b, d] => [a, b, 0, d],
        [a, b, c] => [a, b, c, 0],
        [a, b, c, d] => [a, b, c, d],
        _ => return Err(SYNTAX),
    };
    Ok(IpAddr::V4(Ipv4Addr::from(octets)))
}

/// A port number, taken modulo 65,536.
pub fn port(text: &str) -> Result<u16> {
    let number: i64 = text.parse().map_err(|_| error("bad numeric port"))?;
    Ok(number as u16)
}

/// `ADDR!PORT`, or a port alone, whose address is the wildcard.
pub fn pair(text: &str) -> Result<(IpAddr, u16)> {
    match text.split_once('!') {
        Some((host, number)) => Ok((parse(host)?, port(number.split('!').next().unwrap_or(""))?)),
        None => Ok((ANY, port(text)?)),
    }
}

/// The machine's address on its ethernet.
pub const MACHINE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 2, 15));
/// The host's address there; a call to it reaches the host's 127.0.0.1.
pub const HOST: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 2, 2));

/// True for the machine's own addresses.
pub fn is_own(address: IpAddr) -> bool {
    address == IpAddr::V4(Ipv4Addr::LOCALHOST)
        || address == IpAddr::V6(Ipv6Addr::LOCALHOST)
        || address == MACHINE
}

/// Where a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
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
pub fn route(to: IpAddr) -> Route {
    match to {
        _ if is_own(to) => Route::Inside,
        _ if to == HOST => Route::Host(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ if to.is_unspecified() => Route::None,
        _ if to.is_loopback() => Route::Nobody,
        IpAddr::V4(v4) if v4.is_multicast() || v4.is_broadcast() => Route::Refused,
        _ => Route::Host(to),
    }
}

/// The machine's address that a call to `to` comes from.
pub fn source(to: IpAddr) -> IpAddr {
    match (route(to), to) {
        (_, IpAddr::V6(_)) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        (Route::Host(_) | Route::Refused, _) => MACHINE,
        _ if to == MACHINE => MACHINE,
        _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
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
    fn addresses_wrap_and_fill_as_the_kernel_lets_them() {
        for (text, shown) in [
            ("127.0.0.1", "127.0.0.1"),
            ("300.1.1.1", "44.1.1.1"),
            ("127.1", "127.0.0.1"),
            ("1.2.3", "1.0.2.3"),
            ("172.16.3", "172.16.0.3"),
            ("192.168.1", "192.168.1.0"),
            ("::ffff:1.2.3.4", "1.2.3.4"),
            ("::1", "::1"),
            ("*", "::"),
        ] {
            assert_eq!(parse(text).map(|a| a.to_string()), Ok(shown.to_string()), "{text}");
        }
        assert_eq!(parse("nonsense"), Err(SYNTAX));
        assert_eq!(pair("::1!80"), Ok((IpAddr::V6(Ipv6Addr::LOCALHOST), 80)));
        assert_eq!(pair("65537"), Ok((ANY, 1)));
    }

    #[test]
    fn a_call_goes_inside_to_the_host_or_nowhere() {
        let host = |text: &str| Route::Host(text.parse().expect("an address"));
        for (to, way, from) in [
            ("127.0.0.1", Route::Inside, "127.0.0.1"),
            ("::1", Route::Inside, "::1"),
            ("10.0.2.15", Route::Inside, "10.0.2.15"),
            ("10.0.2.2", host("127.0.0.1"), "10.0.2.15"),
            ("192.0.2.1", host("192.0.2.1"), "10.0.2.15"),
            ("2001:db8::1", host("2001:db8::1"), "::1"),
            ("127.0.0.2", Route::Nobody, "127.0.0.1"),
            ("255.255.255.255", Route::Refused, "10.0.2.15"),
            ("224.0.0.1", Route::Refused, "10.0.2.15"),
            ("0.0.0.0", Route::None, "127.0.0.1"),
            ("::", Route::None, "::1"),
        ] {
            let to = to.parse().expect("an address");
            assert_eq!(route(to), way, "{to}");
            assert_eq!(source(to).to_string(), from, "{to}");
        }
        assert_eq!(seen_from_inside(IpAddr::V4(Ipv4Addr::LOCALHOST)), HOST);
        assert_eq!(
            seen_from_inside("::ffff:192.0.2.1".parse().expect("one")).to_string(),
            "192.0.2.1"
        );
    }
}
