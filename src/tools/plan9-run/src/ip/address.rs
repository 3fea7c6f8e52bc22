//! Addresses as `ctl` messages and `local`, `remote` write them (`ip/devip.c`, `ip/ipaux.c`).

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
}
