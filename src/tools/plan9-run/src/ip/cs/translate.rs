//! `NET!HOST!SERVICE` becomes files and addresses; `!ATTRIBUTE=VALUE` becomes an entry of the database.

use super::{Trouble, refused, unknown};
use crate::ip::address;
use crate::ip::ndb::{Entry, Ndb};
use crate::ip::route;
use std::net::IpAddr;

const NO_SERVICE: &str = "can't translate service";

/// A network that is known, and what it takes (`cmd/ndb/cs.c:network`).
struct Network {
    name: &'static str,
    v4: bool,
    v6: bool,
    /// Calls are to give up soon.
    fast: bool,
}

const fn network(name: &'static str, v4: bool, v6: bool) -> Network {
    Network { name, v4, v6, fast: false }
}

const TCP: Network = network("tcp", true, true);
const IL: Network = network("il", true, false);
/// What `net` stands for, in order.
const ANY: [Network; 3] = [Network { fast: true, ..IL }, TCP, IL];
const NETWORKS: [Network; 7] = [
    TCP,
    IL,
    network("udp", true, true),
    network("icmp", true, false),
    network("icmpv6", false, true),
    network("rudp", true, false),
    network("ssh", true, true),
];

/// The lines to read.
pub fn translate(ndb: &Ndb, query: &str) -> Result<Vec<String>, Trouble> {
    if let Some(general) = query.strip_prefix('!') {
        return search(ndb, general).map(|line| vec![line]);
    }
    // Empty fields are none; the fourth is the rest.
    let mut rest = query;
    let mut fields = Vec::new();
    while fields.len() < 4 {
        rest = rest.trim_start_matches('!');
        if rest.is_empty() {
            break;
        }
        let end = if fields.len() == 3 { rest.len() } else { rest.find('!').unwrap_or(rest.len()) };
        fields.push(&rest[..end]);
        rest = &rest[end..];
    }
    let (net, host, service, extra) = match fields[..] {
        [] => return refused(NO_SERVICE),
        [host] => ("net", host, None, None),
        [net, host] => (net, host, None, None),
        [net, host, service] => (net, host, Some(service), None),
        [net, host, service, extra, ..] => (net, host, Some(service), Some(extra)),
    };
    let known: Vec<&Network> = match net {
        "net" => ANY.iter().collect(),
        _ => NETWORKS.iter().filter(|known| known.name == net).collect(),
    };
    if known.is_empty() {
        let service = service.map_or(String::new(), |service| format!("!{service}"));
        return Ok(vec![format!("/net/{net}/clone {host}{service}")]);
    }
    let mut lines: Vec<String> = Vec::new();
    let mut trouble = Trouble::Refused(NO_SERVICE.into());
    for network in known {
        match calls(ndb, network, host, service, extra) {
            Ok(found) => {
                for line in found {
                    if !lines.contains(&line) {
                        lines.push(line);
                    }
                }
            }
            Err(why) => trouble = why,
        }
    }
    if lines.is_empty() { Err(trouble) } else { Ok(lines) }
}

/// How a host is called on one network.
fn calls(
    ndb: &Ndb,
    network: &Network,
    host: &str,
    service: Option<&str>,
    extra: Option<&str>,
) -> Result<Vec<String>, Trouble> {
    let port = service.and_then(|service| port(ndb, network.name, service));
    let Some(port) = port else { return refused(NO_SERVICE) };
    let extra = extra.map_or(String::new(), |extra| format!("!{extra}"));
    let clone = format!("/net/{}/clone", network.name);
    if host == "*" || host == "::" {
        return Ok(vec![format!("{clone} {port}{extra}")]);
    }
    let addresses = match host.strip_prefix('$') {
        Some(attribute) => mine(ndb, attribute)?,
        None => addresses(ndb, host)?,
    };
    let fast = if network.fast { "!fasttimeout" } else { "" };
    let takes = |ip: &&IpAddr| if ip.is_ipv4() { network.v4 } else { network.v6 };
    let taken = addresses.iter().filter(takes);
    let lines: Vec<String> = taken.map(|ip| format!("{clone} {ip}!{port}{extra}{fast}")).collect();
    if lines.is_empty() { refused("can't translate address") } else { Ok(lines) }
}

/// A number stays as it is written; a name is looked up.
fn port(ndb: &Ndb, protocol: &str, service: &str) -> Option<String> {
    if service == "*" {
        return Some("*".into());
    }
    let named = service.bytes().any(|b| b.is_ascii_alphabetic() || b == b'-' || b == b'$');
    if !service.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'$') {
        return None;
    }
    let (port, restricted) = match named {
        true => ndb.service(protocol, service)?,
        false => (service.to_string(), false),
    };
    Some(if restricted { format!("{port}!r") } else { port })
}

fn addresses(ndb: &Ndb, host: &str) -> Result<Vec<IpAddr>, Trouble> {
    let host = host.strip_prefix('[').map_or(host, |host| host.split(']').next().unwrap_or(host));
    let numeric = host.bytes().all(|b| b.is_ascii_hexdigit() || b == b'.' || b == b':');
    if numeric && let Ok(address) = address::parse(host) {
        return Ok(vec![address]);
    }
    let found = if host.contains('.') { ndb.domain(host) } else { ndb.system(host) };
    found.map_err(unknown)
}

/// The addresses that this machine's entries have under an attribute.
fn mine(ndb: &Ndb, attribute: &str) -> Result<Vec<IpAddr>, Trouble> {
    let mut found = Vec::new();
    for own in route::ADDRESSES {
        for value in ndb.values(("ip", &own.to_string()), attribute) {
            found.extend(addresses(ndb, value)?);
        }
    }
    // The text that the search for them left behind.
    if found.is_empty() { refused("file does not exist: '/lib/ndb/local.ip'") } else { Ok(found) }
}

/// A general query, behind its `!`.
fn search(ndb: &Ndb, query: &str) -> Result<String, Trouble> {
    let words: Vec<&str> = query.split(' ').filter(|word| !word.is_empty()).collect();
    if let ["ipinfo", ref words @ ..] = words[..] {
        return info(ndb, words);
    }
    let pairs: Option<Vec<(&str, &str)>> = words.iter().map(|word| word.split_once('=')).collect();
    let pairs = match pairs {
        Some(pairs) if !pairs.is_empty() => pairs,
        _ => return refused("bad query"),
    };
    let found = ndb.find(&pairs).next().map(shown);
    found.map_or_else(|| refused("no match"), Ok)
}

fn shown(entry: &Entry) -> String {
    let pairs: Vec<String> = entry.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join(" ")
}

/// `ipinfo [ATTRIBUTE=VALUE] WANTED...`: the wanted pairs of a system's entries, this one's by default.
fn info(ndb: &Ndb, words: &[&str]) -> Result<String, Trouble> {
    let (key, wanted) = match words {
        [first, wanted @ ..] if first.contains('=') => (first.split_once('='), wanted),
        wanted => (None, wanted),
    };
    if wanted.is_empty() {
        return refused("bad query");
    }
    let own = route::ADDRESSES.map(|address| address.to_string());
    let keys = match key {
        Some(key) => vec![key],
        None => own.iter().map(|address| ("ip", address.as_str())).collect(),
    };
    let mut pairs = Entry::new();
    for wanted in wanted {
        let wanted = wanted.trim_start_matches('@');
        for &key in &keys {
            for value in ndb.values(key, wanted) {
                let pair = (wanted.to_string(), value.to_string());
                if !pairs.contains(&pair) {
                    pairs.push(pair);
                }
            }
        }
    }
    if pairs.is_empty() { refused("no match") } else { Ok(shown(&pairs)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_answered_as_on_the_real_machine() {
        let ndb = Ndb::parse(
            "sys=localhost ip=127.0.0.1 ip=::1\ntcp=http port=80\nprotocol=udp ipv4proto=17\n",
        );
        for (query, answer) in [
            ("tcp!127.0.0.1!http", "/net/tcp/clone 127.0.0.1!80"),
            ("tcp!localhost!80", "/net/tcp/clone 127.0.0.1!80; /net/tcp/clone ::1!80"),
            ("tcp!*!0", "/net/tcp/clone 0"),
            ("tcp![::1]!80", "/net/tcp/clone ::1!80"),
            ("tcp!127.0.0.1!80!r", "/net/tcp/clone 127.0.0.1!80!r"),
            ("tcp!127.1!80", "/net/tcp/clone 127.0.0.1!80"),
            ("net!*!80", "/net/il/clone 80; /net/tcp/clone 80"),
            ("!protocol=udp", "protocol=udp ipv4proto=17"),
            ("tcp!127.0.0.1", "can't translate service"),
            ("tcp!127.0.0.1!80x", "can't translate service"),
            ("udp!127.0.0.1!http", "can't translate service"),
            ("!", "bad query"),
            ("tcp", "can't translate service"),
        ] {
            let got = match translate(&ndb, query) {
                Ok(lines) => lines.join("; "),
                Err(Trouble::Refused(why)) => why,
                Err(Trouble::Silence) => "silence".into(),
            };
            assert_eq!(got, answer, "{query}");
        }
    }
}
