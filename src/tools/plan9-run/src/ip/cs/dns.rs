//! What `/net/dns` answers: addresses, from the database or the host's resolver.

use super::{Trouble, refused};
use crate::ip::ndb::{Ndb, Unknown};
use std::net::IpAddr;

/// Record types that are known and of which there is none.
const OTHER_TYPES: [&str; 10] =
    ["all", "cname", "hinfo", "mx", "ns", "null", "rp", "soa", "srv", "txt"];

/// `NAME TYPE`; each answer is `NAME TYPE VALUE`.
pub fn resolve(ndb: &Ndb, query: &str) -> Result<Vec<String>, Trouble> {
    const NONE: &str = "resource does not exist; negrcode 0 (ok)";
    let Some((name, kind)) = query.rsplit_once(' ') else {
        return refused(format!("illegal request {query}"));
    };
    let wanted: fn(&IpAddr) -> bool = match kind {
        "ip" => IpAddr::is_ipv4,
        "ipv6" => IpAddr::is_ipv6,
        "ptr" => return refused("dns failure"),
        _ if OTHER_TYPES.contains(&kind) => return refused(NONE),
        _ => return refused(format!("unknown type {kind}")),
    };
    if !name.contains('.') {
        return refused(NONE);
    }
    let found = ndb.domain(name).map_err(|why| match why {
        Unknown::NoSuchName => Trouble::Refused(NONE.into()),
        Unknown::Silence => Trouble::Silence,
    })?;
    let lines: Vec<String> =
        found.iter().filter(|ip| wanted(ip)).map(|ip| format!("{name} {kind}\t{ip}")).collect();
    if lines.is_empty() { refused(NONE) } else { Ok(lines) }
}
