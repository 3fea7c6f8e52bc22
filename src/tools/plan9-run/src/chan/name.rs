//! Names to files: the namespace, walking, opening and creating (`port/chan.c:namec`, `cmount`).
//!
//! A mount point is a path. What is bound there is a list of directories, a union, searched in order. A mount point
//! need not exist below: `/net` is there whatever folder of the host is the root.

use super::path::{about, absolute, join, must_be_directory, spelled};
use super::{Chan, Finish, new_channel, spelling};
use crate::dev::{Device, DeviceId, Error, Node, Pid, QTDIR, Result, Started, Value, error};
use crate::devices::{self, ram};
use crate::kernel::{Kernel, quote};
use crate::mnt::{self, device, fcall::MAX_NAMES};
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
            let member = Member {
                node: root_of(letter),
                name: format!("#{letter}"),
                create: true,
                tree: None,
            };
            namespace.mounts.insert(at.into(), vec![member]);
        }
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
pub fn check(name: &str) -> Result<()> {
    match name {
        "" => Err(error("empty file name")),
        _ if name.len() >= MAX_NAME => Err(error("name too long")),
        _ if name.bytes().any(|b| b < b' ' || b == 0x7F) => Err(bad_character(name)),
        _ => Ok(()),
    }
}

/// The text has the name as one word of rc (`%q`).
pub fn bad_character(name: &str) -> Error {
    let word = quote::quoted(&spelling::bytes(name));
    Error(format!("bad character in file name: {}", String::from_utf8_lossy(&word)).into())
}

fn device_root(k: &mut Kernel, pid: Pid, path: &str) -> Result<Node> {
    let spec = path.trim_start_matches('#').split('/').next().unwrap_or("");
    let mut letters = spec.chars();
    let letter = letters.next().unwrap_or('/');
    let groups = k.files.groups.get(&pid);
    let allowed = groups.and_then(|groups| groups.namespace.borrow().allowed);
    if letter == ram::LETTER || allowed.is_some_and(|allowed| !allowed.contains(letter)) {
        return Err(error("mount/attach disallowed"));
    }
    let device = devices::find(letter).ok_or(error("unknown device in # filename"))?;
    device.attach(k, pid, letters.as_str())
}

fn bound(k: &Kernel, pid: Pid, path: &str) -> Vec<Member> {
    let groups = k.files.groups.get(&pid);
    groups.and_then(|g| g.namespace.borrow().mounts.get(path).cloned()).unwrap_or_default()
}

/// Where a walk starts: the root, a device, or the working directory, which is the directory that it was when the proc
/// went there, whatever its name has come to since.
fn start(k: &mut Kernel, pid: Pid, name: &str) -> Result<Place> {
    if name.starts_with('#') {
        let path = name.split('/').next().unwrap_or("").to_string();
        let root = device_root(k, pid, &path)?;
        return Ok(Place { nodes: vec![root], path, members: Vec::new() });
    }
    if name.starts_with('/') {
        return Ok(at_mount(k, pid, "/".into(), None));
    }
    match k.files.groups.get(&pid).map(|groups| (groups.dot.clone(), groups.dot_node.clone())) {
        Some((dot, Some(node))) => Ok(at_mount(k, pid, dot, Some(node))),
        Some((dot, None)) => walk(k, pid, &dot),
        None => Err(NOT_EXIST),
    }
}

/// What is bound at a path, else the file that is there.
fn at_mount(k: &Kernel, pid: Pid, path: String, there: Option<Node>) -> Place {
    let members = bound(k, pid, &path);
    let nodes = match there {
        Some(node) if members.is_empty() => vec![node],
        _ => members.iter().map(|member| member.node.clone()).collect(),
    };
    Place { nodes, path, members }
}

/// Walks a name. An error carries the name up to the element that failed.
pub fn walk(k: &mut Kernel, pid: Pid, name: &str) -> Result<Place> {
    check(name)?;
    let mut place = start(k, pid, name)?;
    let mut before = 0;
    let elements: Vec<(&str, usize)> = spelled(name).collect();
    let mut left = &elements[..];
    while let [(element, end), rest @ ..] = left {
        if place.nodes.iter().all(|node| node.qid.kind & QTDIR == 0) && !place.nodes.is_empty() {
            // The error names the file that is no directory.
            return Err(about(error("not a directory"), &name[..before]));
        }
        let many = together(k, pid, &place, left);
        if many > 1 {
            place = walk_together(k, pid, &place, name, &left[..many])?;
            before = left[many - 1].1;
            left = &left[many..];
            continue;
        }
        let next = match *element {
            ".." => parent(k, pid, &place),
            _ => below(k, pid, &place, element),
        };
        place = next.map_err(|why| about(why, &name[..*end]))?;
        before = *end;
        left = rest;
    }
    if place.nodes.is_empty() {
        return Err(NOT_EXIST);
    }
    if !place.is_directory() && must_be_directory(name) {
        return Err(about(error("not a directory"), name));
    }
    Ok(place)
}

/// How many elements are one walk of a file server's: until there is a `..`, something is bound, or the message is full.
fn together(k: &Kernel, pid: Pid, from: &Place, left: &[(&str, usize)]) -> usize {
    if !matches!(&from.nodes[..], [node] if node.fid.is_some()) {
        return 1;
    }
    let mut path = from.path.clone();
    let mut many = 0;
    for (element, _) in left.iter().take(MAX_NAMES) {
        if *element == ".." || many > 0 && !bound(k, pid, &path).is_empty() {
            break;
        }
        path = join(&path, element);
        many += 1;
    }
    many
}

/// Several elements down in one message (`port/chan.c:walk`).
fn walk_together(
    k: &mut Kernel,
    pid: Pid,
    from: &Place,
    name: &str,
    elements: &[(&str, usize)],
) -> Result<Place> {
    let names: Vec<&str> = elements.iter().map(|(element, _)| *element).collect();
    let failed = |why, at: usize| about(why, &name[..elements[at].1]);
    let walked = device::walk(k, pid, &from.nodes[0], &names).map_err(|why| failed(why, 0))?;
    let Some(node) = walked.node else {
        let n = walked.qids.len();
        return Err(match walked.qids.last() {
            Some(last) if last.kind & QTDIR == 0 => failed(error("not a directory"), n - 1),
            _ => failed(NOT_EXIST, n.min(names.len() - 1)),
        });
    };
    let path = names.iter().fold(from.path.clone(), |path, name| join(&path, name));
    Ok(at_mount(k, pid, path, Some(node)))
}

/// One element down, in the first member of a union that has it.
fn below(k: &mut Kernel, pid: Pid, from: &Place, element: &str) -> Result<Place> {
    let mut found = Err(NOT_EXIST);
    for node in &from.nodes {
        found = devices::of(node)?.walk(k, pid, node, element);
        mnt::given_up(k, pid)?;
        if found.is_ok() {
            break;
        }
    }
    let path = join(&from.path, element);
    let place = at_mount(k, pid, path, found.as_ref().ok().cloned());
    match found {
        Err(why) if place.nodes.is_empty() => Err(why),
        _ => Ok(place),
    }
}

/// One element up, by the path: no device is asked for its parent, but one may know that the directory is gone.
fn parent(k: &mut Kernel, pid: Pid, from: &Place) -> Result<Place> {
    if let Some(node) = from.nodes.first() {
        devices::of(node)?.leave(k, node)?;
    }
    let path = absolute(&from.path, "..");
    walk(k, pid, &path).map_err(|why| why.without_name())
}

/// Opens a name whose device answers at once.
pub fn open_now(
    k: &mut Kernel,
    pid: Pid,
    name: &str,
    how: u32,
) -> Result<(Chan, &'static dyn Device)> {
    let place = walk(k, pid, name)?;
    if place.is_directory() && how & 3 != open::READ {
        return Err(directory_refused(&place, name, how));
    }
    let device = devices::of(&place.nodes[0])?;
    let started = device.open(k, pid, &place.nodes[0], how);
    let handed = k.files.handed.take();
    match started {
        Started::Done(Ok(Value::File(node))) => {
            // Another device's file where the first one hands files out, as /proc/N/text does.
            let device = devices::of(&node)?;
            Ok((new_channel(vec![node], handed.unwrap_or(place.path), how), device))
        }
        Started::Done(Err(why)) => Err(about(why, name)),
        _ => Err(about(error("permission denied"), name)),
    }
}

/// Opens a name; the channel becomes a descriptor when the device has answered.
pub fn open(k: &mut Kernel, pid: Pid, name: &str, how: u32) -> Result<(Started, Finish)> {
    let place = walk(k, pid, name)?;
    open_place(k, pid, place, name, how)
}

fn open_place(
    k: &mut Kernel,
    pid: Pid,
    place: Place,
    name: &str,
    how: u32,
) -> Result<(Started, Finish)> {
    // What else a directory can be opened for, its file server knows.
    let decides = place.nodes[0].fid.is_some() && how & 3 != open::EXEC;
    if place.is_directory() && !decides && (how & 3 != open::READ || how & open::TRUNC != 0) {
        return Err(directory_refused(&place, name, how));
    }
    let Place { nodes, mut path, .. } = place;
    let started = devices::of(&nodes[0])?.open(k, pid, &nodes[0], how & !open::CEXEC);
    if let Some(handed) = k.files.handed.take() {
        path = handed;
    }
    if let Started::Done(Ok(_)) = started
        && let Some(chan) = devices::same_channel(k, pid, &nodes[0])
    {
        let finish: Finish =
            Box::new(move |k, pid, _| super::calls::install(k, pid, chan, how & open::CEXEC != 0));
        return Ok((started, finish));
    }
    Ok((started, opened(nodes, path, name.to_string(), how)))
}

/// Whether a file is a file server's, whose words differ from a device's.
pub fn served(node: &Node) -> bool {
    matches!(node.device.letter, 'U' | ram::LETTER)
}

/// An error with the name, unless the name has no element: then nothing was walked.
fn about_walked(why: Error, name: &str) -> Error {
    if spelled(name).next().is_some() { about(why, name) } else { why }
}

/// Why a directory opens for reading only.
fn directory_refused(place: &Place, name: &str, how: u32) -> Error {
    let why = match how & 3 {
        open::EXEC => error("cannot exec directory"),
        _ if served(&place.nodes[0]) => error("is a directory"),
        _ => error("permission denied"),
    };
    about_walked(why, name)
}

fn opened(nodes: Vec<Node>, path: String, name: String, how: u32) -> Finish {
    Box::new(move |k, pid, value| {
        let mut members = nodes;
        match value {
            Ok(Value::File(node)) => members[0] = node,
            Ok(_) => return Err(error("inconsistent device answer")),
            Err(why) => return Err(about_walked(why, &name)),
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
    let last = spelled(name).last();
    if must_be_directory(name) && perm & mode::DIR == 0 {
        return Err(about_walked(error("create without DMDIR"), name));
    }
    // The name must lead somewhere but for its last element; `..` always exists.
    let Some((last, end)) = last else { return Err(error("file already exists")) };
    let before = &name[..end - last.len()];
    let spelled_parent = match before.trim_end_matches('/') {
        "" if before.is_empty() => ".",
        "" => "/",
        parent => parent,
    };
    let place = walk(k, pid, spelled_parent)?;
    let existing = match last {
        ".." => walk(k, pid, name).map(Some),
        _ if !place.is_directory() => Ok(None),
        _ => Ok(below(k, pid, &place, last).ok()),
    };
    mnt::given_up(k, pid)?;
    if let Some(place) = existing? {
        if how & open::EXCL != 0 {
            return Err(about(error("file already exists"), name));
        }
        return open_place(k, pid, place, name, how & !open::EXCL | open::TRUNC);
    }
    let target = place
        .members
        .iter()
        .find(|member| member.create)
        .map(|member| member.node.clone())
        .or_else(|| place.members.is_empty().then(|| place.nodes[0].clone()))
        .ok_or_else(|| about(error("mounted directory forbids creation"), name))?;
    if target.qid.kind & QTDIR == 0 && target.fid.is_none() {
        let why = if served(&target) { "create in non-directory" } else { "permission denied" };
        return Err(about(error(why), name));
    }
    let device = devices::of(&target)?;
    let node = device
        .create(k, pid, &target, last, how & !(open::EXCL | open::CEXEC), perm)
        .map_err(|why| about(why, name))?;
    let finish = opened(vec![node.clone()], join(&place.path, last), name.to_string(), how);
    Ok((Started::Done(Ok(Value::File(node))), finish))
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
