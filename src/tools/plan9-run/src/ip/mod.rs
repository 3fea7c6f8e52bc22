//! The network, device `#I` (`ip/devip.c`), and the name service `/net/cs`.

pub mod address;
mod control;
mod cs;
mod cut;
pub mod host;
mod interfaces;
mod ndb;
mod route;
mod tables;
pub mod tcp;
pub mod udp;

pub use host::serve::{deliver, host_ready, tick};

use crate::dev::{
    Device, DeviceId, Entry, Node, Pid, QTDIR, Qid, Result, Started, Value, WaitId, Waits, error,
};
use crate::devices::{bytes, done, entry, part};
use crate::ip::host::way::{self, Way};
use crate::kernel::{Kernel, Options};
use crate::pipe::MESSAGES;
use crate::qio::{Read, Write};
use plan9_abi::flags::open;
use std::net::{IpAddr, Ipv6Addr};
use std::rc::Rc;

/// The one IP stack of the machine.
pub struct Stack {
    pub tcp: tcp::Tcp,
    pub udp: udp::Udp,
    cs: cs::Queries,
    /// What programs wrote to `/net/ndb`.
    ndb: Vec<u8>,
    pub(crate) host: host::Host,
    /// Addresses that programs have added to the interfaces.
    added: Vec<interfaces::Added>,
    /// The longest packet of each interface.
    mtus: [u32; interfaces::INTERFACES],
    /// A way leads beyond the machine's network.
    gateway: bool,
    /// When the timers of TCP conversations ring, and whose.
    pub(crate) rings: Vec<(u64, usize)>,
    /// Rings with each of them, and when the host is to be asked.
    pub(crate) tick: WaitId,
}

impl Stack {
    pub fn new(options: &Options, waits: &mut Waits) -> Stack {
        Stack {
            tcp: tcp::Tcp::default(),
            udp: udp::Udp::default(),
            cs: cs::Queries::new(options),
            ndb: Vec::new(),
            host: host::Host::default(),
            added: Vec::new(),
            mtus: interfaces::mtus(options.loopback_mtu()),
            gateway: options.gateway,
            rings: Vec::new(),
            tick: waits.fresh(),
        }
    }

    /// Where a call to an address goes.
    fn way(&self, to: IpAddr) -> Way {
        match way::way(to) {
            _ if self.has_added(to) => Way::Inside,
            Way::Host(_) if !self.gateway && !route::is_near(to) => Way::None,
            way => way,
        }
    }

    /// The machine's address that a call comes from.
    fn source(&self, to: IpAddr) -> IpAddr {
        match self.way(to) {
            Way::Host(_) => way::source(to),
            _ if to == address::ANY => IpAddr::V6(Ipv6Addr::LOCALHOST),
            _ => route::source(to),
        }
    }

    /// An address that a conversation may have for its own.
    fn is_own(&self, address: IpAddr) -> bool {
        self.has_added(address) || route::own(address).is_some()
    }

    /// The route to an address is one of the machine's own (`Runi`): an address that is all of its network has the
    /// interface's route instead, as `::1` has.
    fn has_unicast_route(&self, to: IpAddr) -> bool {
        let added = self.added.iter().find(|added| added.address == to);
        match added {
            Some(added) => added.prefix < interfaces::BITS,
            None => route::own(to) == Some(route::Own::Unicast) && to != Ipv6Addr::LOCALHOST,
        }
    }

    fn has_added(&self, address: IpAddr) -> bool {
        self.added.iter().any(|added| added.address == address)
    }

    /// The host's epoll descriptor that becomes readable when a host socket wants attention, if there is one.
    pub fn host_fd(&self) -> Option<std::os::fd::RawFd> {
        self.host.fd()
    }
}

/// The device.
pub struct IpDevice;

// Files at the root.
const ROOT: u64 = 0;
const TCP: u64 = 1;
const CS: u64 = 2;
const DNS: u64 = 3;
const UDP: u64 = udp::files::DIRECTORY;
const TOP: &[(&str, u64, u32)] =
    &[("cs", CS, 0o666), ("dns", DNS, 0o666), ("tcp", TCP, 0o555), ("udp", UDP, 0o555)];
// Files of a protocol.
const CLONE: u64 = 4;
const STATS: u64 = 5;
/// In the qid's path above this, the conversation's number and one; below, the file.
const NUMBER_SHIFT: u32 = 8;
// Files of a conversation; its directory is 0.
pub(crate) const CTL: u64 = 1;
const DATA: u64 = 2;
const ERR: u64 = 3;
const LISTEN: u64 = 4;
const LOCAL: u64 = 5;
const REMOTE: u64 = 6;
const STATUS: u64 = 7;
const CONVERSATION: &[(&str, u64, u32)] = &[
    ("ctl", CTL, 0o660),
    ("data", DATA, 0o660),
    ("err", ERR, 0o660),
    ("listen", LISTEN, 0o660),
    ("local", LOCAL, 0o444),
    ("remote", REMOTE, 0o444),
    ("status", STATUS, 0o444),
];

fn node(path: u64, kind: u8) -> Node {
    Node {
        device: DeviceId { letter: 'I', instance: 0 },
        qid: Qid { path, vers: 0, kind },
        aux: 0,
        fid: None,
    }
}

pub(crate) fn conversation_node(n: usize, file: u64) -> Node {
    node((n as u64 + 1) << NUMBER_SHIFT | file, if file == 0 { QTDIR } else { 0 })
}

/// The conversation's number, if the node is of one, and the file.
fn split(node: &Node) -> (Option<usize>, u64) {
    let number = (node.qid.path >> NUMBER_SHIFT).checked_sub(1).map(|n| n as usize);
    (number, node.qid.path & ((1 << NUMBER_SHIFT) - 1))
}

impl Device for IpDevice {
    fn letter(&self) -> char {
        'I'
    }

    fn attach(&self, _k: &mut Kernel, _pid: Pid, _spec: &str) -> Result<Node> {
        Ok(node(ROOT, QTDIR))
    }

    fn walk(&self, k: &mut Kernel, _pid: Pid, from: &Node, name: &str) -> Result<Node> {
        if udp::files::owns(from) {
            return udp::files::walk(k, from, name);
        }
        if tables::owns(from) {
            return tables::walk(from, name);
        }
        const NOT_EXIST: crate::dev::Error = error("file does not exist");
        let by_name = |table: &[(&str, u64, u32)]| {
            table.iter().find(|&&(text, ..)| text == name).map(|&(_, file, _)| file)
        };
        match split(from) {
            (None, ROOT) => {
                if let Some(node) = tables::find(name) {
                    return Ok(node);
                }
                let file = by_name(TOP).ok_or(NOT_EXIST)?;
                Ok(node(file, if file == TCP || file == UDP { QTDIR } else { 0 }))
            }
            (None, TCP) => match name {
                "clone" => Ok(node(CLONE, 0)),
                "stats" => Ok(node(STATS, 0)),
                _ => {
                    let n: usize = name.parse().map_err(|_| NOT_EXIST)?;
                    k.net.tcp.get(n)?;
                    Ok(conversation_node(n, 0))
                }
            },
            (Some(n), 0) => Ok(conversation_node(n, by_name(CONVERSATION).ok_or(NOT_EXIST)?)),
            _ => Err(error("not a directory")),
        }
    }

    fn stat(&self, k: &mut Kernel, _pid: Pid, node: &Node) -> Result<Entry> {
        if udp::files::owns(node) {
            return udp::files::stat(k, node);
        }
        if tables::owns(node) {
            return tables::stat(k, node);
        }
        match split(node) {
            (None, ROOT) => Ok(entry(k, node, "#I", 0o555, 0)),
            (None, CLONE) => Ok(entry(k, node, "clone", 0o666, 0)),
            (None, STATS) => {
                Ok(Entry { uid: tables::OWNER.into(), ..entry(k, node, "stats", 0o444, 0) })
            }
            (None, file) => {
                let found = TOP.iter().find(|&&(_, path, _)| path == file);
                let &(name, _, mode) = found.ok_or(error("file does not exist"))?;
                Ok(entry(k, node, name, mode, 0))
            }
            (Some(n), file) => {
                let conversation = k.net.tcp.get(n)?;
                let length =
                    if file == DATA { conversation.received.borrow().length() as u64 } else { 0 };
                let held = conversation.opens > 0;
                let owner = if held { k.options.user.clone() } else { tables::OWNER.into() };
                if file == 0 {
                    let folder = entry(k, node, &n.to_string(), 0o555, 0);
                    return Ok(Entry { uid: owner, ..folder });
                }
                let found = CONVERSATION.iter().find(|&&(_, path, _)| path == file);
                let &(name, _, mode) = found.ok_or(error("file does not exist"))?;
                Ok(Entry { uid: owner, ..entry(k, node, name, mode, length) })
            }
        }
    }

    fn entries(&self, k: &mut Kernel, pid: Pid, from: &Node) -> Result<Vec<Entry>> {
        if udp::files::owns(from) {
            return udp::files::entries(k, from);
        }
        if tables::owns(from) {
            return tables::entries(k, from);
        }
        let nodes: Vec<Node> = match split(from) {
            (None, ROOT) => TOP
                .iter()
                .map(|&(_, file, _)| node(file, if file == TCP || file == UDP { QTDIR } else { 0 }))
                .chain(tables::root())
                .collect(),
            (None, _) => {
                let slots = 0..k.net.tcp.slots.len();
                let mut nodes: Vec<Node> = slots.map(|n| conversation_node(n, 0)).collect();
                nodes.extend([node(CLONE, 0), node(STATS, 0)]);
                nodes
            }
            (Some(n), _) => {
                CONVERSATION.iter().map(|&(_, file, _)| conversation_node(n, file)).collect()
            }
        };
        nodes.iter().map(|node| self.stat(k, pid, node)).collect()
    }

    fn open(&self, k: &mut Kernel, _pid: Pid, node: &Node, mode: u32) -> Started {
        if udp::files::owns(node) {
            return udp::files::open(k, node, mode);
        }
        if tables::owns(node) {
            return tables::open(node, mode);
        }
        let (number, file) = split(node);
        let Some(n) = number else {
            return match file {
                CLONE => tcp::unlocked(k, None, |k| {
                    let now = k.mono_ns();
                    let fresh = k.net.tcp.fresh(&mut k.waits, now);
                    done(fresh, |n| Value::File(conversation_node(n, CTL)))
                }),
                CS | DNS => {
                    let mut node = node.clone();
                    node.aux = k.net.cs.open();
                    Started::Done(Ok(Value::File(node)))
                }
                _ => Started::Done(Ok(Value::File(node.clone()))),
            };
        };
        match file {
            LISTEN => tcp::Listen::started(k, n),
            CTL | DATA | ERR => {
                let node = node.clone();
                tcp::unlocked(k, None, move |k| {
                    done(k.net.tcp.get(n), |conversation| {
                        conversation.opens += 1;
                        Value::File(node)
                    })
                })
            }
            LOCAL | REMOTE | STATUS if mode & 3 != open::READ => {
                Started::Done(Err(error("permission denied")))
            }
            _ => Started::Done(Ok(Value::File(node.clone()))),
        }
    }

    fn read(&self, k: &mut Kernel, _pid: Pid, node: &Node, n: usize, offset: u64) -> Started {
        if udp::files::owns(node) {
            return udp::files::read(k, node, n, offset);
        }
        if tables::owns(node) {
            return tables::read(k, node, n, offset);
        }
        let (number, file) = split(node);
        let Some(of) = number else {
            return match file {
                CS | DNS => bytes(k.net.cs.answer(node.aux, n, offset)),
                _ => part(b"", n, offset),
            };
        };
        if file == STATUS {
            tcp::host::acknowledged(k, of);
        }
        let (old, now) = (k.options.old(), k.mono_ns());
        let conversation = match k.net.tcp.get(of) {
            Ok(conversation) => conversation,
            Err(why) => return Started::Done(Err(why)),
        };
        let pair = |(host, port): (IpAddr, u16)| format!("{host}!{port}\n");
        match file {
            CTL => part(of.to_string().as_bytes(), n, offset),
            DATA | ERR => {
                let queue = match file {
                    DATA => Rc::clone(&conversation.received),
                    _ => Rc::clone(&conversation.errors),
                };
                let owner = Rc::new(tcp::End { n: of });
                Started::Blocked(Box::new(Read {
                    queue,
                    count: n,
                    blocks: node.aux == MESSAGES,
                    owner,
                }))
            }
            LOCAL => part(pair(conversation.local).as_bytes(), n, offset),
            REMOTE => part(pair(conversation.remote).as_bytes(), n, offset),
            STATUS => part(tcp::status(conversation, old, now).as_bytes(), n, offset),
            _ => part(b"", n, offset),
        }
    }

    fn write(&self, k: &mut Kernel, _pid: Pid, node: &Node, data: &[u8], to: u64) -> Started {
        if udp::files::owns(node) {
            return udp::files::write(k, node, data);
        }
        if tables::owns(node) {
            return tables::write(k, node, data, to);
        }
        let (number, file) = split(node);
        let Some(n) = number else {
            return match file {
                CS => cs::ask(k, cs::Server::Cs, node.aux, data),
                DNS => cs::ask(k, cs::Server::Dns, node.aux, data),
                _ => Started::Done(Err(error("permission denied"))),
            };
        };
        match file {
            DATA => match k.net.tcp.get(n) {
                Ok(conversation) => {
                    let queue = Rc::clone(&conversation.transmit);
                    let owner = Rc::new(tcp::End { n });
                    Started::Blocked(Box::new(Write::new(queue, data.to_vec(), owner)))
                }
                Err(why) => Started::Done(Err(why)),
            },
            CTL => tcp::control(k, n, data),
            _ => Started::Done(Err(error("permission denied"))),
        }
    }

    fn close(&self, k: &mut Kernel, node: &Node) {
        if udp::files::owns(node) {
            return udp::files::close(k, node);
        }
        match split(node) {
            (Some(n), CTL | DATA | ERR) => tcp::close_file(k, n),
            (None, CS | DNS) => k.net.cs.close(node.aux),
            _ => {}
        }
    }
}
