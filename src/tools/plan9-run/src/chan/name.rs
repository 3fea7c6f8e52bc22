//! Names to files: the namespace, walking, opening and creating (`port/chan.c:namec`, `cmount`).
//!
//! A mount point is a path. What is bound there is a list of directories, a union, searched in order. A mount point
//! need not exist below: `/net` is there whatever folder of the host is the root.

use super::path::{about, absolute, elements, join};
use super::{Chan, Finish, new_channel};
use crate::dev::{Device, DeviceId, Error, Node, Pid, QTDIR, Result, Started, Value, error};
use crate::devices;
use crate::kernel::Kernel;
use plan9_abi::flags::{bind, mode, open};
use std::collections::BTreeMap;

const NOT_EXIST: Error = error("file does not exist");
/// What bind takes.
const BIND_FLAGS: u32 = bind::BEFORE | bind::AFTER | bind::CREATE | bind::CACHE;
/// A name is shorter than this, in bytes.
const MAX_NAME: usize = 1 << 16;

/// A member of what is bound at a mount point.
#[derive(Clone, Debug)]
pub struct Member {
    pub node: Node,
    /// The name that was bound, for `/proc/N/ns` and unmount.
    pub name: String,
    /// New files may be created here.
    pub create: bool,
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
    pub fn fresh() -> Namespace {
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
            let member = Member { node: root_of(letter), name: format!("#{letter}"), create: true };
            namespace.mounts.insert(at.into(), vec![member]);
        }
        namespace
    }
}

/// The root directory of a device.
fn root_of(letter: char) -> Node {
    Node {
        device: DeviceId { letter, instance: 0 },
        qid: crate::dev::Qid { path: 0, vers: 0, kind: QTDIR },
        aux: 0,
    }
}

/// Where a name leads: the members of a union, or one file.
pub struct Place {
    pub nodes: Vec<Node>,
    pub path: String,
    /// The mount point's members, if the path is one.
    members: Vec<Member>,
}

impl Place {
    pub fn is_mount_point(&self) -> bool {
        !self.members.is_empty()
    }

    fn is_directory(&self) -> bool {
        self.nodes[0].qid.kind & QTDIR != 0
    }
}

/// What no walk accepts, whatever the device (`port/chan.c:validname`).
fn check(name: &str) -> Result<()> {
    match name {
        "" => Err(error("empty file name")),
        _ if name.len() >= MAX_NAME => Err(error("name too long")),
        _ if name.bytes().any(|b| b < b' ') => {
            Err(about(error("bad character in file name"), name))
        }
        _ => Ok(()),
    }
}

fn device_root(k: &mut Kernel, pid: Pid, path: &str) -> Result<Node> {
    let spec = path.trim_start_matches('#').split('/').next().unwrap_or("");
    let mut letters = spec.chars();
    let letter = letters.next().unwrap_or('/');
    let groups = k.files.groups.get(&pid);
    let allowed = groups.and_then(|groups| groups.namespace.borrow().allowed);
    if allowed.is_some_and(|allowed| !allowed.contains(letter)) {
        return Err(error("mount/attach disallowed"));
    }
    let device = devices::find(letter).ok_or(error("unknown device in # filename"))?;
    device.attach(k, pid, letters.as_str())
}

fn bound(k: &Kernel, pid: Pid, path: &str) -> Vec<Member> {
    let groups = k.files.groups.get(&pid);
    groups.and_then(|g| g.namespace.borrow().mounts.get(path).cloned()).unwrap_or_default()
}

/// Walks a name. An error carries the name up to the element that failed.
pub fn walk(k: &mut Kernel, pid: Pid, name: &str) -> Result<Place> {
    check(name)?;
    let dot = k.files.groups.get(&pid).map_or("/".into(), |groups| groups.dot.clone());
    let whole = absolute(&dot, name);
    let mut path = if whole.starts_with('#') {
        whole.split('/').next().unwrap_or("").to_string()
    } else {
        "/".to_string()
    };
    let mut members = bound(k, pid, &path);
    let mut nodes: Vec<Node> = members.iter().map(|member| member.node.clone()).collect();
    if path.starts_with('#') {
        nodes = vec![device_root(k, pid, &path)?];
    }
    for element in elements(&whole) {
        let mut failure = about(NOT_EXIST, &shown(name, &whole, &join(&path, element)));
        let mut found = None;
        for node in &nodes {
            if node.qid.kind & QTDIR == 0 {
                // The error names the file that is none.
                failure = about(error("not a directory"), &shown(name, &whole, &path));
                continue;
            }
            match devices::of(node)?.walk(k, pid, node, element) {
                Ok(node) => {
                    found = Some(node);
                    break;
                }
                Err(why) => failure = about(why, &shown(name, &whole, &join(&path, element))),
            }
        }
        path = join(&path, element);
        members = bound(k, pid, &path);
        nodes = match found {
            _ if !members.is_empty() => members.iter().map(|m| m.node.clone()).collect(),
            Some(node) => vec![node],
            None => return Err(failure),
        };
    }
    if nodes.is_empty() {
        return Err(NOT_EXIST);
    }
    let place = Place { nodes, path, members };
    if !place.is_directory() && (name.ends_with('/') || name.ends_with("/.")) {
        return Err(about(error("not a directory"), name));
    }
    Ok(place)
}

/// The program's own spelling of the name, up to where `path` ends.
fn shown(name: &str, whole: &str, path: &str) -> String {
    let left = whole.len() - path.len();
    let end = name.trim_end_matches('/').len().saturating_sub(left);
    if name.is_char_boundary(end) { name[..end].to_string() } else { path.to_string() }
}

/// Opens a name whose device answers at once.
pub fn open_now(
    k: &mut Kernel,
    pid: Pid,
    name: &str,
    how: u32,
) -> Result<(Chan, &'static dyn Device)> {
    let place = walk(k, pid, name)?;
    let device = devices::of(&place.nodes[0])?;
    match device.open(k, pid, &place.nodes[0], how) {
        Started::Done(Ok(Value::File(node))) => {
            Ok((new_channel(vec![node], place.path, how), device))
        }
        Started::Done(Err(why)) => Err(about(why, name)),
        _ => Err(about(error("permission denied"), name)),
    }
}

/// Opens a name; the channel becomes a descriptor when the device has answered.
pub fn open(k: &mut Kernel, pid: Pid, name: &str, how: u32) -> Result<(Started, Finish)> {
    let place = walk(k, pid, name)?;
    if place.is_directory() && (how & 3 != open::READ || how & open::TRUNC != 0) {
        return Err(directory_refused(&place, name, how));
    }
    let Place { nodes, path, .. } = place;
    let started = devices::of(&nodes[0])?.open(k, pid, &nodes[0], how & !open::CEXEC);
    if let Started::Done(Ok(_)) = started
        && let Some(chan) = devices::same_channel(k, pid, &nodes[0])
    {
        let finish: Finish =
            Box::new(move |k, pid, _| super::calls::install(k, pid, chan, how & open::CEXEC != 0));
        return Ok((started, finish));
    }
    Ok((started, opened(nodes, path, name.to_string(), how)))
}

/// Why a directory opens for reading only: a file server says so with the name, a device without.
fn directory_refused(place: &Place, name: &str, how: u32) -> Error {
    let served = place.nodes[0].device.letter == 'U' && !place.is_mount_point();
    let why = match how & 3 {
        open::EXEC => error("cannot exec directory"),
        _ if served => error("is a directory"),
        _ => error("permission denied"),
    };
    if served { about(why, name) } else { why }
}

fn opened(nodes: Vec<Node>, path: String, name: String, how: u32) -> Finish {
    Box::new(move |k, pid, value| {
        let mut members = nodes;
        match value {
            Ok(Value::File(node)) => members[0] = node,
            Ok(_) => return Err(error("inconsistent device answer")),
            Err(why) => return Err(about(why, &name)),
        }
        let chan = new_channel(members, path, how);
        super::calls::install(k, pid, chan, how & open::CEXEC != 0)
    })
}

/// Creates a file, or truncates one that exists unless OEXCL forbids it.
pub fn create(
    k: &mut Kernel,
    pid: Pid,
    name: &str,
    how: u32,
    perm: u32,
) -> Result<(Started, Finish)> {
    check(name)?;
    match walk(k, pid, name) {
        Ok(place) => {
            if how & open::EXCL != 0 {
                return Err(about(error("file already exists"), name));
            }
            if place.nodes[0].qid.kind & QTDIR != 0 {
                return Err(about(error("is a directory"), name));
            }
            return open(k, pid, name, how & !open::EXCL | open::TRUNC);
        }
        Err(why)
            if !["file does not exist", "file not found", "not a directory"]
                .iter()
                .any(|text| why.0.starts_with(text)) =>
        {
            return Err(why);
        }
        Err(_) => {}
    }
    if name.ends_with('/') && perm & mode::DIR == 0 {
        return Err(about(error("create without DMDIR"), name));
    }
    let dot = k.files.groups.get(&pid).map_or("/".into(), |groups| groups.dot.clone());
    let whole = absolute(&dot, name);
    let (parent, last) = whole.rsplit_once('/').ok_or(error("file does not exist"))?;
    let parent = if parent.is_empty() { "/" } else { parent };
    // The program's own spelling of the directory, which an error shows.
    let spelled = name.trim_end_matches('/').rsplit_once('/').map_or(".", |(parent, _)| parent);
    let place = walk(k, pid, if spelled.is_empty() { "/" } else { spelled })?;
    let target = place
        .members
        .iter()
        .find(|member| member.create)
        .map(|member| member.node.clone())
        .or_else(|| place.members.is_empty().then(|| place.nodes[0].clone()))
        .ok_or_else(|| about(error("mounted directory forbids creation"), name))?;
    if target.qid.kind & QTDIR == 0 {
        let served = target.device.letter == 'U';
        let why = if served { "create in non-directory" } else { "permission denied" };
        return Err(about(error(why), name));
    }
    let device = devices::of(&target)?;
    let node = device
        .create(k, pid, &target, last, how & !(open::EXCL | open::CEXEC), perm)
        .map_err(|why| about(why, name))?;
    let finish = opened(vec![node.clone()], join(parent, last), name.to_string(), how);
    Ok((Started::Done(Ok(Value::File(node))), finish))
}

/// Binds `new` at `old` (`port/sysfile.c:bindmount`).
pub fn bind(k: &mut Kernel, pid: Pid, new: &str, old: &str, flags: u32) -> Result<i64> {
    if flags & !BIND_FLAGS != 0 || flags & 3 == 3 {
        return Err(error("bad arg in system call"));
    }
    let from = walk(k, pid, new)?;
    let to = walk(k, pid, old)?;
    let is_directory = |place: &Place| place.nodes[0].qid.kind & QTDIR != 0;
    if is_directory(&from) != is_directory(&to) {
        return Err(error("inconsistent mount"));
    }
    let order = flags & 3;
    if order != bind::REPL && !is_directory(&to) {
        return Err(error("inconsistent mount"));
    }
    let create = flags & bind::CREATE != 0;
    let fresh = from.nodes.into_iter().map(|node| Member { node, name: new.into(), create });
    let mut members = to.members;
    if members.is_empty() {
        members = vec![Member { node: to.nodes[0].clone(), name: old.into(), create: true }];
    }
    match order {
        bind::REPL => members = fresh.collect(),
        bind::BEFORE => members.splice(..0, fresh).for_each(drop),
        bind::AFTER => members.extend(fresh),
        _ => return Err(error("bad arg in system call")),
    }
    if let Some(groups) = k.files.groups.get(&pid) {
        groups.namespace.borrow_mut().mounts.insert(to.path, members);
    }
    Ok(1)
}

/// Takes `name`, or everything, off `old`.
pub fn unmount(k: &mut Kernel, pid: Pid, name: Option<&str>, old: &str) -> Result<i64> {
    const NOT_MOUNTED: Error = error("not mounted");
    let to = walk(k, pid, old)?;
    let gone = match name {
        Some(name) => Some(walk(k, pid, name)?.nodes),
        None => None,
    };
    let groups = k.files.groups.get(&pid).ok_or(NOT_MOUNTED)?;
    let mut namespace = groups.namespace.borrow_mut();
    let members = namespace.mounts.get_mut(&to.path).ok_or(NOT_MOUNTED)?;
    match gone {
        None => members.clear(),
        Some(nodes) => {
            let before = members.len();
            members.retain(|member| !nodes.contains(&member.node));
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
