//! What programs change of an interface by its `ctl` (`ip/ipifc.c:ipifcctl`): addresses that they add and take away again,
//! and its MTU.
//!
//! TCP and the interface's own files know of them; UDP, `iproute` and `ipselftab` do not.

use super::address;
use crate::dev::{Error, Result, Started, error};
use crate::devices::count;
use crate::ip::control::words;
use crate::kernel::Kernel;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const BAD_ARG: Error = error("bad arg in system call");
/// Bits of an address in front of the IPv4 one that it holds.
const MAPPED: u32 = 96;
pub const BITS: u32 = 128;

/// An address on an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    pub interface: u64,
    pub address: IpAddr,
    /// Bits of the mask, out of 128.
    pub prefix: u32,
}

impl Added {
    /// The network that the address is on.
    pub fn network(&self) -> IpAddr {
        let mask = u128::MAX.checked_shl(BITS - self.prefix).unwrap_or(0);
        match self.address {
            IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & mask as u32).into(),
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & mask).into(),
        }
    }

    /// The address of everybody on that network.
    fn broadcast(&self) -> Option<IpAddr> {
        let IpAddr::V4(v4) = self.address else { return None };
        let hosts = u32::MAX.checked_shr(self.prefix - MAPPED).unwrap_or(0);
        Some(Ipv4Addr::from_bits(v4.to_bits() | hosts).into())
    }

    /// What the machine is called by on it, in the order of the file `local`.
    pub fn names(&self) -> Vec<IpAddr> {
        let everybody = self.broadcast().map(|broadcast| {
            let all = [Ipv4Addr::new(224, 0, 0, 1), Ipv4Addr::BROADCAST].map(IpAddr::V4);
            [all[0], all[1], self.network(), broadcast]
        });
        everybody.into_iter().flatten().chain([self.address]).collect()
    }
}

/// A message to an interface's `ctl`.
pub fn control(k: &mut Kernel, interface: u64, message: &[u8]) -> Started {
    match order(k, interface, message) {
        Ok(()) => count(message.len()),
        Err(why) => Started::Done(Err(why)),
    }
}

fn order(k: &mut Kernel, interface: u64, message: &[u8]) -> Result<()> {
    let words = words(message);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        [] => Err(error("short control request")),
        ["add", address, ref mask @ ..] if mask.len() < 2 => {
            let added = parse(interface, address, mask.first().copied())?;
            if !k.net.is_own(added.address) {
                k.net.added.push(added);
            }
            Ok(())
        }
        ["del" | "remove", address, mask] => {
            let gone = parse(interface, address, Some(mask))?;
            let place = k.net.added.iter().position(|added| *added == gone);
            let place = place.ok_or(error("address not on this interface"))?;
            k.net.added.remove(place);
            Ok(())
        }
        ["add" | "del" | "remove", ..] => Err(BAD_ARG),
        ["mtu", ref value @ ..] => {
            let value = value.first().map_or(0, |text| number(text));
            set_mtu(k, interface, value)
        }
        _ => Err(error("unsupported ctl")),
    }
}

/// Interfaces of the machine.
pub const INTERFACES: usize = 2;
/// A packet of this length is none that IP sends (`ip/ip.h:IP_MAX`).
const IP_MAX: u32 = 64 * 1024;
/// The shortest and the longest packet of each interface's medium, in bytes (`ip/loopbackmedium.c`, `ip/ethermedium.c`).
const MEDIA: [(u32, u32); INTERFACES] = [(0, IP_MAX), (60, 1514)];
/// The ethernet's header in front of a packet, which its MTU counts.
const HEADERS: [u32; INTERFACES] = [0, 14];
/// The headers of IP and TCP in a segment without options.
const V4_HEADERS: u32 = 40;
const V6_HEADERS: u32 = 60;

/// The MTU of each interface after boot: the longest that its medium has, on the loopback one as the command line says.
pub fn mtus(loopback: Option<u32>) -> [u32; INTERFACES] {
    [loopback.unwrap_or(MEDIA[0].1), MEDIA[1].1]
}

/// What an interface leaves of a stream in one segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segments {
    /// Bytes of a full segment (`ip/tcp.c:tcpmtu`).
    pub full: usize,
    /// A full segment makes a packet that IP drops, and so does every repetition (`ip/ip.c:ipoput4`,
    /// `ip/ipv6.c:ipoput6`).
    pub are_lost: bool,
}

/// The segments to one of the machine's addresses.
pub fn segments(k: &Kernel, to: IpAddr) -> Segments {
    let added = k.net.added.iter().find(|added| added.address == to);
    let interface = match added {
        Some(added) => added.interface as usize,
        None => usize::from(!to.is_loopback()),
    };
    let packet = k.net.mtus[interface] - HEADERS[interface];
    let headers = if to.is_ipv4() { V4_HEADERS } else { V6_HEADERS };
    Segments { full: packet.saturating_sub(headers).max(1) as usize, are_lost: packet >= IP_MAX }
}

fn set_mtu(k: &mut Kernel, interface: u64, mtu: u32) -> Result<()> {
    let (least, most) = MEDIA[interface as usize];
    if !(least..=most).contains(&mtu) {
        return Err(BAD_ARG);
    }
    k.net.mtus[interface as usize] = mtu;
    Ok(())
}

/// A number as `strtoul` reads it, in bases 8, 10 and 16, 0 where there is none.
fn number(text: &str) -> u32 {
    let (digits, base) = match text {
        _ if text.starts_with("0x") => (&text[2..], 16),
        _ if text.starts_with('0') => (text, 8),
        _ => (text, 10),
    };
    let end = digits.find(|c: char| !c.is_digit(base)).unwrap_or(digits.len());
    u32::from_str_radix(&digits[..end], base).unwrap_or(0)
}

fn parse(interface: u64, address: &str, mask: Option<&str>) -> Result<Added> {
    let address = address::parse(address)?;
    let base = if address.is_ipv4() { MAPPED } else { 0 };
    let prefix = match (mask, address) {
        (Some(text), _) if text.starts_with('/') => {
            let bits: u32 = text[1..].parse().map_err(|_| BAD_ARG)?;
            Some(bits + base).filter(|&bits| bits <= BITS).ok_or(BAD_ARG)?
        }
        (Some(text), _) => match address::parse(text)? {
            IpAddr::V4(mask) => MAPPED + mask.to_bits().leading_ones(),
            IpAddr::V6(mask) => mask.to_bits().leading_ones(),
        },
        // The class of the address (`defmask`).
        (None, IpAddr::V4(v4)) => match v4.octets()[0] {
            ..128 => MAPPED + 8,
            128..192 => MAPPED + 16,
            192.. => MAPPED + 24,
        },
        (None, IpAddr::V6(_)) => BITS,
    };
    Ok(Added { interface, address, prefix })
}

#[cfg(test)]
mod tests {
    use super::{number, parse};

    #[test]
    fn numbers_are_c_s() {
        for (text, value) in
            [("65535", 65_535), ("0xffff", 65_535), ("010", 8), ("12k", 12), ("x", 0)]
        {
            assert_eq!(number(text), value, "{text}");
        }
    }

    #[test]
    fn masks_are_written_in_three_ways() {
        for (address, mask, network, prefix) in [
            ("127.0.0.3", Some("255.0.0.0"), "127.0.0.0", 104),
            ("127.0.0.3", Some("/8"), "127.0.0.0", 104),
            ("127.0.0.3", None, "127.0.0.0", 104),
            ("192.168.5.7", None, "192.168.5.0", 120),
            ("10.1.2.3", Some("255.255.255.255"), "10.1.2.3", 128),
            ("fd00::7", Some("/64"), "fd00::", 64),
        ] {
            let added = parse(0, address, mask).expect(address);
            assert_eq!((added.network().to_string().as_str(), added.prefix), (network, prefix));
        }
        let names = parse(0, "127.0.0.3", None).expect("an address").names();
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let all = ["224.0.0.1", "255.255.255.255", "127.0.0.0", "127.255.255.255", "127.0.0.3"];
        assert_eq!(names, all);
        assert!(parse(0, "x", None).is_err());
    }
}
