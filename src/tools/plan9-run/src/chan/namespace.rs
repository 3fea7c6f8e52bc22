//! The namespace: what is bound and mounted where (`port/chan.c:cmount`, `cunmount`).
//!
//! A mount point is a path. What is bound there is a list of directories, a union, searched in order. A mount point
//! need not exist below: `/net` is there whatever folder of the host is the root.

use super::name::{Place, walk};
use super::path::absolute;
use crate::dev::{DeviceId, Error, Node, Pid, QTDIR, Result, error};
use crate::devices::{self, ram};
use crate::kernel::Kernel;
use plan9_abi::flags::bind;
use std::collections::BTreeMap;

/// What bind takes.
const BIND_FLAGS: u32 = bind::BEFORE | bind::AFTER | bind::CREATE | bind::CACHE;

/// A member of what is bound at a mount point.
#[derive(Clone, Debug)]
pub struct Member {
    pub node: Node,
    /// The name that was bound, for `/proc/N/ns` and unmount.
    pub name: String,
    /// New files may be created here.
    pub create: bool,
    /// Which of a server's trees was mounted; `None` if it was bound.
    pub tree: Option<String>,
}

/// A namespace: what is bound where.
#[derive(Clone, Debug)]
pub struct Namespace {
    pub mounts: BTreeMap<String, Vec<Member>>,
    /// Under RFNOMNT: the devices that may still be named.
    pub allowed: Option<&'static str>,
}

impl Namespace {
    /// Nothing but the root.
    pub fn empty() -> Namespace {
        Namespace { mounts: BTreeMap::new(), allowed: None }
    }

    /// What a terminal has after boot: the host's folder at the root, and the devices at their usual places.
    pub fn fresh(configuration: Node) -> Namespace {
        let mut namespace = Namespace::empty();
        for (at, letter) in [
            ("/", 'U'),
            ("/dev", 'c'),
            ("/env", 'e'),
            ("/fd", 'd'),
            ("/net", 'I'),
            ("/proc", 'p'),
            ("/srv", 's'),
        ] {
            let member = Member {
                node: root_of(letter),
                name: format!("#{letter}"),
                create: true,
                tree: None,
            };
            namespace.mounts.insert(at.into(), vec![member]);
        }
        // What the machine was started with lies behind everybody's own variables.
        let behind = Member { node: configuration, name: "#ec".into(), create: false, tree: None };
        namespace.mounts.entry("/env".into()).or_default().push(behind);
        namespace
    }

    /// An empty tree in memory at a path, as 9front's start-up scripts put a ramfs at `/tmp`.
    pub fn serve_ram(&mut self, at: &str) {
        let member =
            Member { node: root_of(ram::LETTER), name: "#M".into(), create: true, tree: None };
        self.mounts.insert(absolute("/", at), vec![member]);
    }
}

/// The root directory of a device.
fn root_of(letter: char) -> Node {
    Node {
        device: DeviceId { letter, instance: 0 },
        qid: crate::dev::Qid { path: 0, vers: 0, kind: QTDIR },
        aux: 0,
        fid: None,
    }
}

/// What is wrong with the flags of a bind or mount.
pub fn check_order(flags: u32) -> Result<()> {
    let wrong = flags & !BIND_FLAGS != 0 || flags & 3 == bind::BEFORE | bind::AFTER;
    if wrong { Err(error("bad arg in system call")) } else { Ok(()) }
}

/// Binds `new` at `old` (`port/sysfile.c:bindmount`).
pub fn bind(k: &mut Kernel, pid: Pid, new: &str, old: &str, flags: u32) -> Result<i64> {
    check_order(flags)?;
    let from = walk(k, pid, new)?;
    let to = walk(k, pid, old)?;
    let create = flags & bind::CREATE != 0;
    let member = |node| Member { node, name: new.into(), create, tree: None };
    let fresh = from.nodes.into_iter().map(member).collect();
    cover(k, pid, fresh, to, old, flags)?;
    Ok(1)
}

/// Puts `fresh` at a place whose name is `old` (`port/chan.c:cmount`).
pub fn cover(
    k: &mut Kernel,
    pid: Pid,
    fresh: Vec<Member>,
    to: Place,
    old: &str,
    flags: u32,
) -> Result<()> {
    let is_directory = fresh[0].node.qid.kind & QTDIR != 0;
    if is_directory != to.is_directory() {
        return Err(error("inconsistent mount"));
    }
    let order = flags & 3;
    if order != bind::REPL && !is_directory {
        return Err(error("inconsistent mount"));
    }
    let mut members = to.members;
    if members.is_empty() {
        // What was there before takes no new files.
        let node = to.nodes[0].clone();
        members = vec![Member { node, name: old.into(), create: false, tree: None }];
    }
    match order {
        bind::REPL => members = fresh,
        bind::BEFORE => members.splice(..0, fresh).for_each(drop),
        bind::AFTER => members.extend(fresh),
        _ => return Err(error("bad arg in system call")),
    }
    if let Some(groups) = k.files.groups.get(&pid) {
        groups.namespace.borrow_mut().mounts.insert(to.path, members);
    }
    Ok(())
}

/// Takes `name`, or everything, off `old` (`port/chan.c:cunmount`). The name of a file server's channel stands for what
/// was mounted of it.
pub fn unmount(k: &mut Kernel, pid: Pid, name: Option<&str>, old: &str) -> Result<i64> {
    const NOT_MOUNTED: Error = error("not mounted");
    let to = walk(k, pid, old)?;
    let gone = match name {
        Some(name) => {
            let mut nodes = walk(k, pid, name)?.nodes;
            if let Some(chan) = devices::same_channel(k, pid, &nodes[0]) {
                nodes.push(chan.node.clone());
            }
            Some(nodes)
        }
        None => None,
    };
    let groups = k.files.groups.get(&pid).ok_or(NOT_MOUNTED)?;
    let mut namespace = groups.namespace.borrow_mut();
    let members = namespace.mounts.get_mut(&to.path).ok_or(NOT_MOUNTED)?;
    match gone {
        None => members.clear(),
        Some(nodes) => {
            let before = members.len();
            members.retain(|Member { node, .. }| {
                let server = node.fid.as_ref().map(|fid| &fid.chan.node);
                !nodes.contains(node) && !server.is_some_and(|server| nodes.contains(server))
            });
            if members.len() == before {
                return Err(error("not in union"));
            }
        }
    }
    if members.is_empty() {
        namespace.mounts.remove(&to.path);
    }
    Ok(0)
}
