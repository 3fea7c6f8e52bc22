//! The small files of `/net` that tell how the machine is connected: `arp`, `iproute`, `ipselftab`, `ipifc`, `log`, `ndb`
//! (man 3/ip). Their texts are fixed, but for addresses that programs add to an interface. The ICMP protocols can be
//! seen, but not opened.

use crate::dev::{
    Breakable, Entry, Node, Operation, Pid, QTDIR, Result, Started, Step, Value, WaitId, error,
};
use crate::devices::{count, entry, part};
use crate::ip::cut;
use crate::ip::interfaces::{self, Added};
use crate::ip::node;
use crate::kernel::Kernel;
use plan9_abi::flags::open;
use std::fmt::Display;

/// Who owns what nobody has opened.
pub const OWNER: &str = "network";

/// This bit of a qid's path says that the file is one of these.
const TABLE: u64 = 1 << 41;
const ARP: u64 = TABLE | 1;
const SELFTAB: u64 = TABLE | 2;
const LOG: u64 = TABLE | 3;
const NDB: u64 = TABLE | 4;
const ICMP: u64 = TABLE | 5;
const ICMPV6: u64 = TABLE | 6;
const IPIFC: u64 = TABLE | 7;
const ROUTES: u64 = TABLE | 8;
const ICMP_CLONE: u64 = TABLE | 9;
const ICMPV6_CLONE: u64 = TABLE | 10;
/// At the root.
const FILES: &[(&str, u64, u32)] = &[
    ("arp", ARP, 0o664),
    ("icmp", ICMP, 0o555),
    ("icmpv6", ICMPV6, 0o555),
    ("ipifc", IPIFC, 0o555),
    ("iproute", ROUTES, 0o664),
    ("ipselftab", SELFTAB, 0o444),
    ("log", LOG, 0o666),
    ("ndb", NDB, 0o666),
];
const CLONES: &[(&str, u64, u32)] = &[("clone", ICMP_CLONE, 0o666), ("clone", ICMPV6_CLONE, 0o666)];
/// Above this an interface's number and one; below, its file, the directory being 0.
const NUMBER_SHIFT: u32 = 16;
const STATUS: u64 = 1;
const LOCAL: u64 = 2;
const CTL: u64 = 3;
const INTERFACE: &[(&str, u64, u32)] =
    &[("ctl", CTL, 0o660), ("local", LOCAL, 0o444), ("status", STATUS, 0o444)];
const INTERFACES: u64 = interfaces::INTERFACES as u64;

/// A route: where to, through what, as what, on which interface, and from where.
type Route = (&'static str, &'static str, &'static str, &'static str, u32, &'static str);
const ROUTE_LIST: &[Route] = &[
    ("10.0.2.0", "/120", "10.0.2.0", "4i", 1, "0.0.0.0"),
    ("10.0.2.0", "/120", "10.0.2.0", "4i", 1, "10.0.2.15"),
    ("10.0.2.0", "/128", "10.0.2.0", "4b", 1, "10.0.2.15"),
    ("10.0.2.15", "/128", "10.0.2.15", "4u", 1, "0.0.0.0"),
    ("10.0.2.255", "/128", "10.0.2.255", "4b", 1, "10.0.2.15"),
    ("224.0.0.1", "/128", "224.0.0.1", "4m", 0, "127.0.0.1"),
    ("224.0.0.1", "/128", "224.0.0.1", "4m", 1, "10.0.2.15"),
    ("127.0.0.0", "/104", "127.0.0.0", "4i", 0, "0.0.0.0"),
    ("127.0.0.0", "/104", "127.0.0.0", "4i", 0, "127.0.0.1"),
    ("127.0.0.0", "/128", "127.0.0.0", "4b", 0, "127.0.0.1"),
    ("127.0.0.1", "/128", "127.0.0.1", "4u", 0, "0.0.0.0"),
    ("127.255.255.255", "/128", "127.255.255.255", "4b", 0, "127.0.0.1"),
    ("255.255.255.255", "/128", "255.255.255.255", "4b", 0, "127.0.0.1"),
    ("255.255.255.255", "/128", "255.255.255.255", "4b", 1, "10.0.2.15"),
    ("::1", "/128", "::1", "6i", 0, "::1"),
    ("ff01::", "/16", "ff01::1", "6m", 0, "::1"),
    ("ff01::1", "/128", "ff01::1", "6m", 0, "::1"),
    ("ff02::", "/16", "ff02::1", "6m", 0, "::1"),
    ("ff02::1", "/128", "ff02::1", "6m", 0, "::1"),
    ("ff02::1:ff00:1", "/128", "ff02::1:ff00:1", "6m", 0, "::1"),
];
/// Any address as a source, whose mask is that of all of IPv4.
const ANY: &str = "0.0.0.0";

/// What the machine answers to, on how many interfaces, and as what.
const OWN: &[(&str, u32, &str)] = &[
    ("10.0.2.0", 1, "4b"),
    ("10.0.2.15", 1, "4u"),
    ("10.0.2.255", 1, "4b"),
    ("127.0.0.0", 1, "4b"),
    ("127.0.0.1", 1, "4u"),
    ("127.255.255.255", 1, "4b"),
    ("255.255.255.255", 2, "4b"),
    ("224.0.0.1", 2, "4m"),
    ("ff02::1:ff00:1", 1, "6m"),
    ("ff02::1", 1, "6m"),
    ("ff01::1", 1, "6m"),
    ("::1", 1, "6u"),
];

/// The machines on the ethernet that it has talked with, each with its ethernet address: the host, and its name server.
const NEIGHBOURS: &[(&str, &str)] = &[("10.0.2.2", "52550a000202"), ("10.0.2.3", "52550a000203")];

/// An interface's addresses, each with its mask, its network, and what it is called by.
type Addresses = &'static [(&'static str, &'static str, &'static str, &'static [&'static str])];
const LOOPBACK: Addresses = &[
    (
        "127.0.0.1",
        "/104",
        "127.0.0.0",
        &["224.0.0.1", "255.255.255.255", "127.0.0.0", "127.255.255.255", "127.0.0.1"],
    ),
    ("::1", "/128", "::1", &["ff02::1:ff00:1", "ff02::1", "ff01::1", "::1"]),
];
const ETHER: Addresses = &[(
    "10.0.2.15",
    "/120",
    "10.0.2.0",
    &["224.0.0.1", "255.255.255.255", "10.0.2.0", "10.0.2.255", "10.0.2.15"],
)];

/// The node is one of ours.
pub fn owns(node: &Node) -> bool {
    node.qid.path & TABLE != 0
}

fn file(path: u64) -> Node {
    let directory = matches!(path, ICMP | ICMPV6 | IPIFC)
        || path >> NUMBER_SHIFT & 0xFF != 0 && path & 0xFF == 0;
    node(path, if directory { QTDIR } else { 0 })
}

/// A file at the root by its name.
pub fn find(name: &str) -> Option<Node> {
    FILES.iter().find(|&&(text, ..)| text == name).map(|&(_, path, _)| file(path))
}

/// All files at the root.
pub fn root() -> impl Iterator<Item = Node> {
    FILES.iter().map(|&(_, path, _)| file(path))
}

/// The interface's number, if the node is of one, and the file.
fn split(node: &Node) -> (Option<u64>, u64) {
    match (node.qid.path & !TABLE) >> NUMBER_SHIFT {
        0 => (None, node.qid.path),
        n => (Some(n - 1), node.qid.path & 0xFF),
    }
}

fn interface_node(n: u64, which: u64) -> Node {
    file(TABLE | (n + 1) << NUMBER_SHIFT | which)
}

fn children(from: &Node) -> Vec<(String, Node)> {
    match split(from) {
        (None, ICMP) => vec![("clone".into(), file(ICMP_CLONE))],
        (None, ICMPV6) => vec![("clone".into(), file(ICMPV6_CLONE))],
        (None, IPIFC) => (0..INTERFACES).map(|n| (n.to_string(), interface_node(n, 0))).collect(),
        (Some(n), 0) => INTERFACE
            .iter()
            .map(|&(name, which, _)| (name.into(), interface_node(n, which)))
            .collect(),
        _ => Vec::new(),
    }
}

pub fn walk(from: &Node, name: &str) -> Result<Node> {
    let mut children = children(from).into_iter();
    let found = children.find(|(text, _)| text == name);
    found.map(|(_, node)| node).ok_or(error("file does not exist"))
}

pub fn stat(k: &Kernel, node: &Node) -> Result<Entry> {
    let named = |table: &[(&'static str, u64, u32)], path: u64| {
        table.iter().find(|&&(_, found, _)| found == path).copied()
    };
    let found = match split(node) {
        (Some(n), 0) => Some((n.to_string(), 0o555)),
        (Some(_), which) => named(INTERFACE, which).map(|(name, _, mode)| (name.into(), mode)),
        (None, path) => named(FILES, path)
            .or_else(|| named(CLONES, path))
            .map(|(name, _, mode)| (name.into(), mode)),
    };
    let (name, mode) = found.ok_or(error("file does not exist"))?;
    let mut entry = entry(k, node, &name, mode, 0);
    if !matches!(split(node), (Some(_), _)) {
        entry.uid = OWNER.into();
    }
    Ok(entry)
}

pub fn entries(k: &Kernel, from: &Node) -> Result<Vec<Entry>> {
    children(from).iter().map(|(_, node)| stat(k, node)).collect()
}

pub fn open(node: &Node, mode: u32) -> Started {
    match split(node) {
        (None, ICMP_CLONE | ICMPV6_CLONE) => {
            Started::Done(Err(error("icmp is not built in this machine")))
        }
        (None, ARP | LOG | NDB | ROUTES) | (Some(_), CTL) => {
            Started::Done(Ok(Value::File(node.clone())))
        }
        _ if mode & 3 != open::READ => Started::Done(Err(error("permission denied"))),
        _ => Started::Done(Ok(Value::File(node.clone()))),
    }
}

/// A read of `log`: nothing is ever logged.
struct Silence(WaitId);

impl Operation for Silence {
    fn step(&mut self, _k: &mut Kernel, _pid: Pid) -> Step {
        Step::Wait(self.0, Breakable::ByNotes)
    }
}

pub fn read(k: &mut Kernel, node: &Node, n: usize, offset: u64) -> Started {
    let table = |table: fn(&[String], u64, usize) -> Vec<u8>, lines: Vec<String>| {
        Started::Done(Ok(Value::Bytes(table(&lines, offset, n))))
    };
    let text = match split(node) {
        (None, ARP) => {
            return table(cut::neighbours, NEIGHBOURS.iter().map(neighbour_line).collect());
        }
        (None, ROUTES) => return table(cut::routes, ROUTE_LIST.iter().map(route_line).collect()),
        (None, SELFTAB) => return table(cut::self_table, OWN.iter().map(own_line).collect()),
        (None, NDB) => return part(&k.net.ndb, n, offset),
        (None, LOG) => return Started::Blocked(Box::new(Silence(k.waits.fresh()))),
        (Some(interface), CTL) => interface.to_string(),
        (Some(n), which) => {
            let (device, addresses) =
                if n == 0 { ("lo", LOOPBACK) } else { ("/net/ether0", ETHER) };
            interface(device, k.net.mtus[n as usize], addresses, which) + &added(k, n, which)
        }
        _ => String::new(),
    };
    part(text.as_bytes(), n, offset)
}

fn own_line((own, times, kind): &(&str, u32, &str)) -> String {
    format!("{own:<44} {times:02} {kind:>4}\n")
}

fn neighbour_line((address, mac): &(&str, &str)) -> String {
    let (medium, state, own) = ("ether", "OK", "10.0.2.15");
    format!("{medium:<6} {state:<4} {address:<40} {mac:<16} {own}\n")
}

fn route_line(&(to, mask, gate, kind, ifc, from): &Route) -> String {
    let from_mask = if from == ANY { "/96" } else { "/128" };
    format!("{to:<15} {mask:<4} {gate:<15} {kind:<4} ifc {ifc:>4} {from:<15} {from_mask:<4}\n")
}

fn interface(device: &str, maxtu: u32, addresses: Addresses, which: u64) -> String {
    let mut text = String::new();
    if which == STATUS {
        text = format!(
            "device {device} maxtu {maxtu} sendra 0 recvra 0 mflag 0 oflag 0 maxraint 600000 minraint 200000 linkmtu 0 reachtime 0 rxmitra 0 ttl 255 routerlt 0 pktin 0 pktout 0 errin 0 errout 0 speed 0 delay 0\n"
        );
    }
    for (address, mask, network, names) in addresses {
        text += &match which {
            STATUS => status_line(address, mask, network),
            _ => local_line(address, names.iter()),
        };
    }
    text
}

fn status_line(address: impl Display, mask: impl Display, network: impl Display) -> String {
    const FOR_EVER: u32 = u32::MAX;
    format!("\t{address:<40} {mask:<10} {network:<40} {FOR_EVER:<12} {FOR_EVER:<12}\n")
}

fn local_line(address: impl Display, names: impl Iterator<Item = impl Display>) -> String {
    let names: String = names.map(|name| format!(" {name:<40}")).collect();
    format!("{address:<40} ->{names}\n")
}

/// The lines of the addresses that were added to an interface.
fn added(k: &Kernel, interface: u64, which: u64) -> String {
    let line = |added: &Added| match which {
        STATUS => status_line(added.address, format!("/{}", added.prefix), added.network()),
        _ => local_line(added.address, added.names().iter()),
    };
    k.net.added.iter().filter(|added| added.interface == interface).map(line).collect()
}

pub fn write(k: &mut Kernel, node: &Node, data: &[u8], offset: u64) -> Started {
    match split(node) {
        (None, NDB) => {
            let held = &mut k.net.ndb;
            held.truncate(offset as usize);
            held.extend(data);
            count(data.len())
        }
        (Some(interface), CTL) => interfaces::control(k, interface, data),
        _ => Started::Done(Err(error("permission denied"))),
    }
}
