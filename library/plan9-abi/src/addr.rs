//! Addresses as the network's control files write them: `ADDR!PORT` (man 3/ip).
//!
//! The kernel's own parser wraps octets and ports around (`300.1.1.1` is `44.1.1.1`, port -1 is
//! 65535), so what is written to it is made from checked values here, and what it says is read
//! strictly.

use core::fmt;
use core::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Displays a socket address as a `connect` or `announce` message has it: `127.0.0.1!80`, `::1!80`.
/// An IPv6 scope has no place in that text and is left out.
#[derive(Clone, Copy, Debug)]
pub struct Text(pub SocketAddr);

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}!{}", self.0.ip(), self.0.port())
    }
}

/// Reads what the files `local` and `remote` of a conversation hold, with or without the newline:
/// `10.0.2.15!564`, `::1!17010`, and `::!0` for an end that is not set. An IPv4 address written as
/// IPv6 comes back as IPv4. `None` for any other text.
pub fn parse(text: &[u8]) -> Option<SocketAddr> {
    let text = core::str::from_utf8(text).ok()?;
    let (address, port) = text.strip_suffix('\n').unwrap_or(text).rsplit_once('!')?;
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let ip = match address.parse().ok()? {
        IpAddr::V6(v6) => unmap(v6),
        v4 => v4,
    };
    Some(SocketAddr::new(ip, port.parse().ok()?))
}

fn unmap(address: Ipv6Addr) -> IpAddr {
    address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4)
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn texts_of_the_kernel_are_read() {
        for (text, address) in [
            ("127.0.0.1!7810\n", "127.0.0.1:7810"),
            ("10.0.2.15!0", "10.0.2.15:0"),
            ("::1!65535\n", "[::1]:65535"),
            ("::!0\n", "[::]:0"),
            ("fd00::7!80", "[fd00::7]:80"),
            ("::ffff:10.9.8.7!80", "10.9.8.7:80"),
        ] {
            assert_eq!(parse(text.as_bytes()), Some(address.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not() {
        let texts = [
            "",
            "!",
            "127.0.0.1",
            "127.0.0.1!",
            "300.1.1.1!1",
            "1.2.3.4!65536",
            "1.2.3.4!-1",
            "1.2.3.4!+1",
        ];
        for text in texts {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for address in ["192.168.1.2:17", "[2001:db8::1]:443", "[::]:0"] {
            let address = address.parse().unwrap();
            assert_eq!(parse(Text(address).to_string().as_bytes()), Some(address));
        }
    }
}
