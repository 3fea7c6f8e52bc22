//! Datagrams as a conversation's `data` carries them once its `ctl` took `headers` (man 3/ip,
//! `Udphdr`; `ip/udp.c`).
//!
//! Each read and write then begins with the addresses of the two ends, each of 16 bytes, an IPv4
//! one mapped. The sizes stand here too, since no write ever fails: a datagram that is too long
//! vanishes.

use core::net::Ipv6Addr;

/// Bytes in front of the data (`UDP_USEAD7`).
pub const HEADER: usize = 52;
/// The longest data that is sent over IPv4, in bytes.
pub const MAX_PAYLOAD_V4: usize = 65_507;
/// The longest data that is sent over IPv6, in bytes.
pub const MAX_PAYLOAD_V6: usize = 65_487;
/// The longest data behind a header, in bytes: a longer write is cut into pieces, each of them
/// taken for a datagram with its own header (`port/qio.c:qwrite`).
pub const MAX_PAYLOAD_HEADERS: usize = crate::queue::MAX_ATOMIC - HEADER;

const REMOTE: usize = 0;
const LOCAL: usize = 16;
const INTERFACE: usize = 32;
const REMOTE_PORT: usize = 48;
const LOCAL_PORT: usize = 50;

/// The addresses of a datagram. A write uses `remote` and `remote_port`, and `local` if that is an
/// address of the machine; the zero address lets the kernel choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udphdr {
    pub remote: Ipv6Addr,
    /// What it was sent to: a broadcast or multicast address shows here.
    pub local: Ipv6Addr,
    /// An address of the interface that it came in on.
    pub interface: Ipv6Addr,
    pub remote_port: u16,
    pub local_port: u16,
}

impl Udphdr {
    /// Reads the header of a datagram.
    pub fn parse(bytes: &[u8; HEADER]) -> Udphdr {
        let address = |at: usize| {
            let mut octets = [0; 16];
            octets.copy_from_slice(&bytes[at..at + 16]);
            Ipv6Addr::from(octets)
        };
        let port = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        Udphdr {
            remote: address(REMOTE),
            local: address(LOCAL),
            interface: address(INTERFACE),
            remote_port: port(REMOTE_PORT),
            local_port: port(LOCAL_PORT),
        }
    }

    /// The header's bytes.
    pub fn bytes(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        for (at, address) in
            [(REMOTE, self.remote), (LOCAL, self.local), (INTERFACE, self.interface)]
        {
            bytes[at..at + 16].copy_from_slice(&address.octets());
        }
        for (at, port) in [(REMOTE_PORT, self.remote_port), (LOCAL_PORT, self.local_port)] {
            bytes[at..at + 2].copy_from_slice(&port.to_be_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_header_is_the_kernel_s() {
        let header = Udphdr {
            remote: Ipv4Addr::new(127, 0, 0, 1).to_ipv6_mapped(),
            local: Ipv6Addr::LOCALHOST,
            interface: Ipv6Addr::UNSPECIFIED,
            remote_port: 5057,
            local_port: 5056,
        };
        let bytes = header.bytes();
        assert_eq!(bytes[..16], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127, 0, 0, 1]);
        assert_eq!(bytes[31], 1);
        assert_eq!(bytes[48..], [0x13, 0xC1, 0x13, 0xC0]);
        assert_eq!(Udphdr::parse(&bytes), header);
    }
}
