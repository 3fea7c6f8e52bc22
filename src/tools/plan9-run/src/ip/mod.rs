//! The network, device `#I` (`ip/devip.c`), and the name service `/net/cs`.

pub mod address;
mod cs;
pub mod host;
mod ndb;
mod route;
mod tables;
pub mod tcp;
pub mod udp;

pub use host::serve::{deliver, host_ready, tick};

use crate::dev::{
    Device, DeviceId, Entry, Node, Pid, QTDIR, Qid, Result, Started, Value, WaitId, Waits, error,
};
use crate::devices::{bytes, count, done, entry, part};
use crate::kernel::{Kernel, Options};
use crate::qio::{Read, Write};
use plan9_abi::flags::open;
use std::net::IpAddr;
use std::rc::Rc;

/// The one IP stack of the machine.
pub struct Stack {
    pub tcp: tcp::Tcp,
    pub udp: udp::Udp,
    cs: cs::Queries,
    /// What programs wrote to `/net/ndb`.
    ndb: Vec<u8>,
    pub(crate) host: host::Host,
    /// Handshakes under way: when they end, whose, and whom they call.
    pub(crate) handshakes: Vec<(u64, usize, (IpAddr, u16))>,
    /// Rings when a handshake ends, and when the host is to be asked.
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
            handshakes: Vec::new(),
            tick: waits.fresh(),
        }
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
    Node { device: DeviceId { letter: 'I', instance: 0 }, qid: Qid { path, vers: 0, kind }, aux: 0 }
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
            (Some(n), 0) => Ok(entry(k, node, &n.to_string(), 0o555, 0)),
            (Some(n), file) => {
                let conversation = k.net.tcp.get(n)?;
                let length =
                    if file == DATA { conversation.received.borrow().length() as u64 } else { 0 };
                let found = CONVERSATION.iter().find(|&&(_, path, _)| path == file);
                let &(name, _, mode) = found.ok_or(error("file does not exist"))?;
                Ok(entry(k, node, name, mode, length))
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
                let slots = k.net.tcp.slots.iter().enumerate();
                let open = slots.filter(|(_, c)| c.is_some());
                let mut nodes: Vec<Node> = open.map(|(n, _)| conversation_node(n, 0)).collect();
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
                CLONE => {
                    let now = k.mono_ns();
                    let fresh = k.net.tcp.fresh(&mut k.waits, now);
                    if let Ok(n) = fresh
                        && let Ok(conversation) = k.net.tcp.get(n)
                    {
                        conversation.opens = 1;
                    }
                    done(fresh, |n| Value::File(conversation_node(n, CTL)))
                }
                CS | DNS => {
                    let mut node = node.clone();
                    node.aux = k.net.cs.open();
                    Started::Done(Ok(Value::File(node)))
                }
                _ => Started::Done(Ok(Value::File(node.clone()))),
            };
        };
        match file {
            LISTEN => match k.net.tcp.get(n).map(|c| c.state) {
                Ok(tcp::State::Listen) => Started::Blocked(Box::new(tcp::Listen { n })),
                Ok(_) => Started::Done(Err(error("not announced"))),
                Err(why) => Started::Done(Err(why)),
            },
            CTL | DATA | ERR => match k.net.tcp.get(n) {
                Ok(conversation) => {
                    conversation.opens += 1;
                    Started::Done(Ok(Value::File(node.clone())))
                }
                Err(why) => Started::Done(Err(why)),
            },
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
        let conversation = match k.net.tcp.get(of) {
            Ok(conversation) => conversation,
            Err(why) => return Started::Done(Err(why)),
        };
        let pair = |(host, port): (IpAddr, u16)| format!("{host}!{port}\n");
        match file {
            CTL => part(of.to_string().as_bytes(), n, offset),
            DATA => {
                let queue = Rc::clone(&conversation.received);
                let owner = Rc::new(tcp::End { n: of });
                Started::Blocked(Box::new(Read { queue, count: n, owner }))
            }
            LOCAL => part(pair(conversation.local).as_bytes(), n, offset),
            REMOTE => part(pair(conversation.remote).as_bytes(), n, offset),
            STATUS => part(tcp::status(conversation).as_bytes(), n, offset),
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
            CTL => control(k, n, data),
            _ => Started::Done(Err(error("permission denied"))),
        }
    }

    fn close(&self, k: &mut Kernel, node: &Node) {
        if udp::files::owns(node) {
            return udp::files::close(k, node);
        }
        match split(node) {
            (Some(n), CTL | DATA | ERR) => tcp::close_file(k, n, node),
            (None, CS | DNS) => k.net.cs.close(node.aux),
            _ => {}
        }
    }
}

/// A message to a conversation's `ctl`; only the first of one write counts.
fn control(k: &mut Kernel, n: usize, message: &[u8]) -> Started {
    let text = String::from_utf8_lossy(message);
    let line = text.lines().next().unwrap_or("").trim_end_matches('\0');
    let mut words = line.split_ascii_whitespace();
    let verb = words.next().unwrap_or("");
    let args: Vec<&str> = words.collect();
    let result = match verb {
        "connect" => match tcp::Connect::new(k, n, &args, message.len()) {
            Ok(connect) => return Started::Blocked(Box::new(connect)),
            Err(why) => Err(why),
        },
        "announce" => tcp::announce(k, n, &args),
        "bind" => args
            .first()
            .ok_or(error("bad args to bind"))
            .and_then(|text| address::pair(text))
            .and_then(|local| {
                k.net.tcp.get(n)?.local = local;
                Ok(())
            }),
        "hangup" => {
            tcp::hangup(k, n);
            Ok(())
        }
        "close" => {
            tcp::close(k, n);
            Ok(())
        }
        "ttl" => k.net.tcp.get(n).map(|conversation| {
            conversation.ttl = args.first().and_then(|text| text.parse().ok()).unwrap_or(255);
        }),
        "tos" | "ignoreadvice" => Ok(()),
        "keepalive" => tcp::host::keep_alive(k, n, args.first().copied()),
        _ => Err(error("unknown control request")),
    };
    match result {
        Ok(()) => count(message.len()),
        Err(why) => Started::Done(Err(why)),
    }
}
