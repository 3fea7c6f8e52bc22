//! Addresses as `ctl` messages and `local`, `remote` write them (`ip/devip.c`, `ip/ipaux.c`).

use crate::dev::{Error, Result, error};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The wildcard, which is written `::`.
pub const ANY: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
const SYNTAX: Error = error("bad ip address syntax");
const BAD_PORT: Error = error("bad numeric port");

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

/// A port number, taken modulo 65,536, and whether that was all up to the end or another `!` (`strtol`).
pub fn port(text: &str) -> (u16, Result<()>) {
    let end = text.find(|c: char| !c.is_ascii_digit() && !"+-".contains(c)).unwrap_or(text.len());
    let (digits, behind) = text.split_at(end);
    let number: Option<i64> = digits.parse().ok();
    let whole = number.is_some() && (behind.is_empty() || behind.starts_with('!'));
    (number.unwrap_or(0) as u16, whole.then_some(()).ok_or(BAD_PORT))
}

/// The port that a program asks for at its own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Any that is free.
    Free,
    /// Port 0, which takes all of the machine's calls.
    All,
    Number(u16),
}

/// A program's own end (`ip/devip.c:setladdrport`): the address that is set whether the port is good or not, and the port.
pub struct Local {
    pub host: IpAddr,
    pub port: Result<Asked>,
}

/// `[ADDR!]PORT[!r]`. Without an address it is the wildcard where calls are awaited, else `otherwise`.
pub fn local(
    text: &str,
    announcing: bool,
    otherwise: IpAddr,
    is_own: impl Fn(IpAddr) -> bool,
) -> Result<Local> {
    let (host, number) = match text.split_once('!') {
        Some((number, "r")) => (None, number),
        Some((host, number)) => (Some(host), number),
        None => (None, text),
    };
    let host = match host {
        None if announcing => ANY,
        None => otherwise,
        Some("*") => ANY,
        Some(host) => {
            let host = parse(host)?;
            if !is_own(host) && !host.is_multicast() {
                return Err(error("not a local IP address"));
            }
            host
        }
    };
    if announcing && number == "*" {
        return Ok(Local { host, port: Ok(Asked::All) });
    }
    let port = match port(number) {
        (0, Ok(())) => Ok(Asked::Free),
        (number, Ok(())) => Ok(Asked::Number(number)),
        (_, Err(why)) => Err(why),
    };
    Ok(Local { host, port })
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
    }

    #[test]
    fn ports_wrap_and_end_at_what_is_no_digit() {
        for (text, number, whole) in [
            ("80", 80, true),
            ("65537", 1, true),
            ("-1", 65_535, true),
            ("7761!r", 7761, true),
            ("7761x", 7761, false),
            ("http", 0, false),
            ("", 0, false),
        ] {
            let (found, end) = port(text);
            assert_eq!((found, end.is_ok()), (number, whole), "{text}");
        }
    }

    #[test]
    fn an_own_end_has_its_address_even_if_its_port_is_bad() {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let of = |text, announcing| local(text, announcing, loopback, |host| host == loopback);
        for (text, announcing, host, port) in [
            ("7760", true, ANY, Ok(Asked::Number(7760))),
            ("7760", false, loopback, Ok(Asked::Number(7760))),
            ("7760!r", true, ANY, Ok(Asked::Number(7760))),
            ("*", true, ANY, Ok(Asked::All)),
            ("*!7760", true, ANY, Ok(Asked::Number(7760))),
            ("127.0.0.1!0", true, loopback, Ok(Asked::Free)),
            ("127.0.0.1!x", true, loopback, Err(BAD_PORT)),
        ] {
            let found = of(text, announcing).map(|found| (found.host, found.port));
            assert_eq!(found, Ok((host, port)), "{text}");
        }
        assert_eq!(of("::!1", true).err(), Some(error("not a local IP address")));
    }
}
