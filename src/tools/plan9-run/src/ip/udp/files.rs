//! The files under `/net/udp` (`ip/devip.c`), as the device hands its calls down.

use super::queue::Read;
use super::{Listen, State, control, deliver, release};
use crate::dev::{Entry, Node, QTDIR, Result, Started, Value, error};
use crate::devices::{count, done, entry, part};
use crate::ip::{CONVERSATION, CTL, DATA, ERR, LISTEN, LOCAL, REMOTE, STATUS, node};
use crate::kernel::Kernel;
use plan9_abi::flags::open;
use plan9_abi::queue::MAX_ATOMIC;
use std::net::IpAddr;
use std::rc::Rc;

/// This bit of a qid's path says UDP; alone it is the directory.
pub const DIRECTORY: u64 = 1 << 40;
const CLONE: u64 = DIRECTORY | 1;
const STATS: u64 = DIRECTORY | 2;
/// Above this the conversation's number and one; below, the file.
const NUMBER_SHIFT: u32 = 8;

/// The node is one of ours.
pub fn owns(node: &Node) -> bool {
    node.qid.path & DIRECTORY != 0
}

/// A file of a conversation; 0 is its directory.
pub fn conversation_node(n: usize, file: u64) -> Node {
    let path = DIRECTORY | (n as u64 + 1) << NUMBER_SHIFT | file;
    node(path, if file == 0 { QTDIR } else { 0 })
}

/// The conversation's number, if the node is of one, and the file.
fn split(node: &Node) -> (Option<usize>, u64) {
    let number = ((node.qid.path & !DIRECTORY) >> NUMBER_SHIFT).checked_sub(1);
    match number {
        Some(n) => (Some(n as usize), node.qid.path & ((1 << NUMBER_SHIFT) - 1)),
        None => (None, node.qid.path),
    }
}

pub fn walk(k: &mut Kernel, from: &Node, name: &str) -> Result<Node> {
    let not_exist = error("file does not exist");
    match split(from) {
        (None, DIRECTORY) => match name {
            "clone" => Ok(node(CLONE, 0)),
            "stats" => Ok(node(STATS, 0)),
            _ => {
                let n: usize = name.parse().map_err(|_| not_exist)?;
                k.net.udp.get(n)?;
                Ok(conversation_node(n, 0))
            }
        },
        (Some(n), 0) => {
            let found = CONVERSATION.iter().find(|&&(text, ..)| text == name);
            found.map(|&(_, file, _)| conversation_node(n, file)).ok_or(not_exist)
        }
        _ => Err(error("not a directory")),
    }
}

pub fn stat(k: &mut Kernel, node: &Node) -> Result<Entry> {
    match split(node) {
        (None, CLONE) => Ok(entry(k, node, "clone", 0o666, 0)),
        (None, STATS) => Ok(entry(k, node, "stats", 0o444, 0)),
        (None, _) => Ok(entry(k, node, "udp", 0o555, 0)),
        (Some(n), 0) => Ok(entry(k, node, &n.to_string(), 0o555, 0)),
        (Some(n), file) => {
            let conversation = k.net.udp.get(n)?;
            let length = match file {
                DATA => conversation.received.borrow().length() as u64,
                _ => 0,
            };
            let found = CONVERSATION.iter().find(|&&(_, path, _)| path == file);
            let &(name, _, mode) = found.ok_or(error("file does not exist"))?;
            Ok(entry(k, node, name, mode, length))
        }
    }
}

pub fn entries(k: &mut Kernel, from: &Node) -> Result<Vec<Entry>> {
    let nodes: Vec<Node> = match split(from) {
        (None, _) => {
            let slots = 0..k.net.udp.slots.len();
            let files = [node(CLONE, 0), node(STATS, 0)];
            slots.map(|n| conversation_node(n, 0)).chain(files).collect()
        }
        (Some(n), _) => {
            CONVERSATION.iter().map(|&(_, file, _)| conversation_node(n, file)).collect()
        }
    };
    nodes.iter().map(|node| stat(k, node)).collect()
}

pub fn open(k: &mut Kernel, node: &Node, mode: u32) -> Started {
    let (number, file) = split(node);
    let Some(n) = number else {
        return match file {
            CLONE => {
                done(k.net.udp.fresh(&mut k.waits), |n| Value::File(conversation_node(n, CTL)))
            }
            _ => read_only(node, mode),
        };
    };
    let conversation = match k.net.udp.get(n) {
        Ok(conversation) => conversation,
        Err(why) => return Started::Done(Err(why)),
    };
    match file {
        LISTEN if conversation.state == State::Announced => {
            conversation.uses += 1;
            Started::Blocked(Box::new(Listen { n, waited: false }))
        }
        LISTEN => Started::Done(Err(error("not announced"))),
        CTL | DATA | ERR => {
            conversation.uses += 1;
            Started::Done(Ok(Value::File(node.clone())))
        }
        _ => read_only(node, mode),
    }
}

fn read_only(node: &Node, mode: u32) -> Started {
    if mode & 3 == open::READ {
        Started::Done(Ok(Value::File(node.clone())))
    } else {
        Started::Done(Err(error("permission denied")))
    }
}

pub fn read(k: &mut Kernel, node: &Node, count: usize, offset: u64) -> Started {
    let (Some(n), file) = split(node) else { return part(b"", count, offset) };
    let conversation = match k.net.udp.get(n) {
        Ok(conversation) => conversation,
        Err(why) => return Started::Done(Err(why)),
    };
    let pair = |(host, port): (IpAddr, u16)| format!("{host}!{port}\n");
    let text = match file {
        DATA => {
            let queue = Rc::clone(&conversation.received);
            return Started::Blocked(Box::new(Read { queue, count }));
        }
        ERR => {
            let queue = Rc::clone(&conversation.errors);
            return Started::Blocked(Box::new(Read { queue, count }));
        }
        LOCAL => pair(conversation.local),
        REMOTE => pair(conversation.remote),
        STATUS => conversation.status(),
        _ => n.to_string(),
    };
    part(text.as_bytes(), count, offset)
}

pub fn write(k: &mut Kernel, node: &Node, data: &[u8]) -> Started {
    match split(node) {
        (Some(n), DATA) => {
            let (first, rest) = data.split_at(data.len().min(MAX_ATOMIC));
            deliver::send(k, n, first);
            rest.chunks(MAX_ATOMIC).for_each(|piece| deliver::send(k, n, piece));
            count(data.len())
        }
        (Some(n), CTL) => control::control(k, n, data),
        _ => Started::Done(Err(error("permission denied"))),
    }
}

pub fn close(k: &mut Kernel, node: &Node) {
    if let (Some(n), CTL | DATA | ERR) = split(node) {
        release(k, n);
    }
}
