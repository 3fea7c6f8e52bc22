//! The network's database (man 6/ndb): entries of attribute=value pairs, which the name services search.
//!
//! Without a file of one's own it holds the loopback names and the usual services, and names beyond it are the host's to
//! know. With `--ndb FILE` that file is all there is: a name with a dot that it lacks is one that no server answers for.

use std::fs;
use std::net::{IpAddr, ToSocketAddrs};

const BUILT_IN: &str = "\
dom=localhost sys=localhost ip=127.0.0.1 ip=::1
protocol=icmp ipv4proto=1
protocol=tcp ipv4proto=6
protocol=udp ipv4proto=17
protocol=icmpv6 ipv4proto=58
tcp=echo port=7
tcp=discard port=9
tcp=ftp port=21
tcp=ssh port=22
tcp=telnet port=23
tcp=smtp port=25
tcp=domain port=53
tcp=http port=80
tcp=https port=443
tcp=login port=513
tcp=exportfs port=17007
udp=echo port=7
udp=discard port=9
udp=domain port=53
udp=ntp port=123
";

/// One entry's pairs, in order.
pub type Entry = Vec<(String, String)>;

/// Why a name has no addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Whoever would know says so.
    NoSuchName,
    /// Nobody answers.
    Silence,
}

pub struct Ndb {
    entries: Vec<Entry>,
    /// The host knows more names.
    asks_host: bool,
}

impl Default for Ndb {
    fn default() -> Ndb {
        Ndb { entries: parse(BUILT_IN), asks_host: true }
    }
}

/// An entry begins at the start of a line and goes on over lines that begin with a blank; `#` begins a comment.
fn parse(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in text.lines() {
        let goes_on = line.starts_with([' ', '\t']);
        let line = line.split('#').next().unwrap_or("");
        let pairs = line.split_ascii_whitespace().map(|pair| {
            let (attribute, value) = pair.split_once('=').unwrap_or((pair, ""));
            (attribute.to_string(), value.to_string())
        });
        match entries.last_mut() {
            Some(entry) if goes_on => entry.extend(pairs),
            _ => entries.push(pairs.collect()),
        }
    }
    entries.retain(|entry| !entry.is_empty());
    entries
}

fn has(entry: &Entry, attribute: &str, value: &str) -> bool {
    entry.iter().any(|(name, text)| name == attribute && text == value)
}

impl Ndb {
    /// This text instead of what is built in.
    pub fn parse(text: &str) -> Ndb {
        Ndb { entries: parse(text), asks_host: false }
    }

    /// The entries that have all of these pairs.
    pub fn find<'a>(&'a self, pairs: &'a [(&str, &str)]) -> impl Iterator<Item = &'a Entry> {
        self.entries
            .iter()
            .filter(|entry| pairs.iter().all(|(attribute, value)| has(entry, attribute, value)))
    }

    /// The values of an attribute in the entries that have a pair.
    pub fn values<'a>(
        &'a self,
        (attribute, value): (&'a str, &'a str),
        wanted: &'a str,
    ) -> impl Iterator<Item = &'a str> {
        let entries = self.entries.iter().filter(move |entry| has(entry, attribute, value));
        entries.flatten().filter(move |(name, _)| name == wanted).map(|(_, text)| text.as_str())
    }

    fn own_addresses(&self, attribute: &str, name: &str) -> Vec<IpAddr> {
        self.values((attribute, name), "ip").filter_map(|text| text.parse().ok()).collect()
    }

    /// A system's addresses: the database's first, then the name service's.
    pub fn system(&self, name: &str) -> Result<Vec<IpAddr>, Unknown> {
        let own = self.own_addresses("sys", name);
        if own.is_empty() { self.domain(name) } else { Ok(own) }
    }

    /// What the name service says to a domain name: IPv4 addresses if it has any.
    pub fn domain(&self, name: &str) -> Result<Vec<IpAddr>, Unknown> {
        if name.contains('.') {
            let mut own = self.own_addresses("dom", name.trim_end_matches('.'));
            if own.iter().any(IpAddr::is_ipv4) {
                own.retain(IpAddr::is_ipv4);
            }
            if !own.is_empty() {
                return Ok(own);
            }
        }
        if !self.asks_host {
            let dotted = name.contains('.') && name.bytes().all(|b| b.is_ascii_graphic());
            return Err(if dotted { Unknown::Silence } else { Unknown::NoSuchName });
        }
        let found = (name, 0).to_socket_addrs().map_err(|_| Unknown::NoSuchName)?;
        let mut addresses: Vec<IpAddr> = found.map(|found| found.ip()).collect();
        addresses.dedup();
        Ok(addresses)
    }

    /// A service's port, and whether only a trusted port may call it.
    pub fn service(&self, protocol: &str, name: &str) -> Option<(String, bool)> {
        let found = self.find(&[(protocol, name)]).next().and_then(|entry| {
            let port = entry.iter().find(|(attribute, _)| attribute == "port")?;
            let restricted = entry.iter().any(|(attribute, _)| attribute == "restricted");
            Some((port.1.clone(), restricted))
        });
        found.or_else(|| self.hosts_service(protocol, name))
    }

    fn hosts_service(&self, protocol: &str, name: &str) -> Option<(String, bool)> {
        if !self.asks_host {
            return None;
        }
        let list = fs::read_to_string("/etc/services").ok()?;
        list.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            let (service, place) = (words.next()?, words.next()?);
            let (port, kind) = place.split_once('/')?;
            (service == name && kind == protocol).then(|| (port.to_string(), false))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_go_on_over_lines_and_end_at_comments() {
        let ndb =
            Ndb::parse("# all\nsys=a ip=1.2.3.4\n\tip=::2 # more\n\nsys=b dom=b.test ip=::3\n");
        let shown = |found: Result<Vec<IpAddr>, Unknown>| {
            found.map(|found| found.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(shown(ndb.system("a")), Ok("1.2.3.4 ::2".to_string()));
        assert_eq!(shown(ndb.domain("b.test.")), Ok("::3".to_string()));
        assert_eq!(ndb.system("c"), Err(Unknown::NoSuchName));
        assert_eq!(ndb.domain("c.test"), Err(Unknown::Silence));
        assert_eq!(ndb.service("tcp", "http"), None);
        assert_eq!(Ndb::default().service("tcp", "http"), Some(("80".to_string(), false)));
    }
}
