//! The connection server's file, `/net/cs` (`cmd/ndb/cs.c`): a name for a service becomes files and addresses.

use super::address;
use crate::dev::{Error, Result};
use std::collections::HashMap;
use std::net::{IpAddr, ToSocketAddrs};

/// The longest query, in bytes.
const MAX_QUERY: usize = 127;
/// Services that are known without the host's list.
const SERVICES: &[(&str, u16)] = &[
    ("domain", 53),
    ("echo", 7),
    ("discard", 9),
    ("exportfs", 17007),
    ("ftp", 21),
    ("http", 80),
    ("https", 443),
    ("login", 513),
    ("ntp", 123),
    ("smtp", 25),
    ("ssh", 22),
    ("telnet", 23),
];

/// The answers that each open file has waiting.
#[derive(Default)]
pub struct Queries {
    answers: HashMap<u64, (Vec<String>, usize)>,
    last: u64,
}

fn failure(text: &str) -> Error {
    Error(format!("cs: {text}").into())
}

impl Queries {
    pub fn open(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub fn close(&mut self, file: u64) {
        self.answers.remove(&file);
    }

    /// Translates a query; its answers are read afterwards.
    pub fn ask(&mut self, file: u64, query: &[u8]) -> Result<()> {
        self.answers.remove(&file);
        if query.len() > MAX_QUERY {
            return Err(failure("request too long"));
        }
        let text = String::from_utf8_lossy(query);
        let lines = translate(&text)?;
        self.answers.insert(file, (lines, 0));
        Ok(())
    }

    /// One answer a read, the first again after a seek to 0; nothing at the end.
    pub fn answer(&mut self, file: u64, count: usize, offset: u64) -> Vec<u8> {
        let Some((lines, next)) = self.answers.get_mut(&file) else { return Vec::new() };
        if offset == 0 {
            *next = 0;
        }
        let line = lines.get(*next).map(String::as_bytes).unwrap_or_default();
        *next += 1;
        line[..line.len().min(count)].to_vec()
    }
}

fn translate(query: &str) -> Result<Vec<String>> {
    const SERVICE: &str = "can't translate service";
    if let Some(attribute) = query.strip_prefix("!protocol=") {
        let number = match attribute {
            "icmp" => 1,
            "tcp" => 6,
            "udp" => 17,
            "icmpv6" => 58,
            _ => return Err(failure("no match")),
        };
        return Ok(vec![format!("protocol={attribute} ipv4proto={number}")]);
    }
    if query.starts_with('!') {
        return Err(failure("bad query"));
    }
    let (protocol, rest) = query.split_once('!').ok_or_else(|| failure(SERVICE))?;
    let (host, service) = split_host(rest).ok_or_else(|| failure(SERVICE))?;
    let (service, extra) = match service.split_once('!') {
        Some((service, extra)) => (service, format!("!{extra}")),
        None => (service, String::new()),
    };
    if host.is_empty() || protocol.is_empty() {
        return Err(failure(SERVICE));
    }
    let protocol = if protocol == "net" { "tcp" } else { protocol };
    let number = port(protocol, service).ok_or_else(|| failure(SERVICE))?;
    let clone = format!("/net/{protocol}/clone");
    if host == "*" || address::parse(host) == Ok(address::ANY) {
        return Ok(vec![format!("{clone} {number}{extra}")]);
    }
    let addresses = addresses(host)?;
    Ok(addresses.iter().map(|address| format!("{clone} {address}!{number}{extra}")).collect())
}

/// The host, which may be an IPv6 address with or without brackets, and what stands behind it.
fn split_host(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('[') {
        Some(inside) => {
            let (host, rest) = inside.split_once(']')?;
            Some((host, rest.strip_prefix('!')?))
        }
        None => text.split_once('!'),
    }
}

/// A number stays as it is written; a name is looked up.
fn port(protocol: &str, service: &str) -> Option<String> {
    if service == "*" || !service.is_empty() && service.bytes().all(|b| b.is_ascii_digit()) {
        return Some(service.to_string());
    }
    let known = SERVICES.iter().find(|&&(name, _)| name == service).map(|&(_, port)| port);
    let listed = || {
        let list = std::fs::read_to_string("/etc/services").ok()?;
        list.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            let (name, place) = (words.next()?, words.next()?);
            let (port, kind) = place.split_once('/')?;
            (name == service && kind == protocol).then(|| port.parse().ok()).flatten()
        })
    };
    known.or_else(listed).map(|port: u16| port.to_string())
}

fn addresses(host: &str) -> Result<Vec<IpAddr>> {
    let numeric = host.bytes().all(|b| b.is_ascii_hexdigit() || b == b'.' || b == b':');
    if numeric && let Ok(address) = address::parse(host) {
        return Ok(vec![address]);
    }
    const LOOPBACK: [IpAddr; 2] =
        [IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)];
    if host == "localhost" {
        return Ok(LOOPBACK.to_vec());
    }
    let found = (host, 0)
        .to_socket_addrs()
        .map_err(|_| failure("can't translate address: dns: resource does not exist; negrcode"))?;
    let mut addresses: Vec<IpAddr> = found.map(|found| found.ip()).collect();
    addresses.dedup();
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::translate;

    #[test]
    fn queries_are_answered_as_on_the_real_machine() {
        for (query, answer) in [
            ("tcp!127.0.0.1!http", "/net/tcp/clone 127.0.0.1!80"),
            ("tcp!localhost!80", "/net/tcp/clone 127.0.0.1!80; /net/tcp/clone ::1!80"),
            ("tcp!*!0", "/net/tcp/clone 0"),
            ("tcp![::1]!80", "/net/tcp/clone ::1!80"),
            ("tcp!127.0.0.1!80!r", "/net/tcp/clone 127.0.0.1!80!r"),
            ("tcp!127.1!80", "/net/tcp/clone 127.0.0.1!80"),
            ("tcp!127.0.0.1", "cs: can't translate service"),
            ("tcp!127.0.0.1!80x", "cs: can't translate service"),
            ("!", "cs: bad query"),
            ("tcp", "cs: can't translate service"),
        ] {
            let got = match translate(query) {
                Ok(lines) => lines.join("; "),
                Err(why) => why.0.into_owned(),
            };
            assert_eq!(got, answer, "{query}");
        }
    }
}
