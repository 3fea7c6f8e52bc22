//! Addresses that programs add to an interface by its `ctl` and take away again (`ip/ipifc.c:ipifcctl`).
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
const BITS: u32 = 128;

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
        _ => Err(error("unsupported ctl")),
    }
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
    use super::parse;

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
