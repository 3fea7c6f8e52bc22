//! Names to files: where a name leads, element by element (`port/chan.c:namec`, `walk`).

use super::namespace::Member;
use super::path::{about, absolute, join, must_be_directory, spelled};
use super::spelling;
use crate::dev::{Error, Node, Pid, QTDIR, Result, error};
use crate::devices::{self, host, ram};
use crate::kernel::{Kernel, quote};
use crate::mnt::{self, device, fcall::MAX_NAMES};

const NOT_EXIST: Error = error("file does not exist");
/// A name is shorter than this, in bytes.
const MAX_NAME: usize = 1 << 16;

/// Where a name leads: the members of a union, or one file.
pub struct Place {
    pub nodes: Vec<Node>,
    pub path: String,
    /// The mount point's members, if the path is one.
    pub(super) members: Vec<Member>,
}

impl Place {
    pub fn is_mount_point(&self) -> bool {
        !self.members.is_empty()
    }

    pub(super) fn is_directory(&self) -> bool {
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
pub(super) fn below(k: &mut Kernel, pid: Pid, from: &Place, element: &str) -> Result<Place> {
    let mut found = Err(NOT_EXIST);
    let path = join(&from.path, element);
    // On 9front the kernel itself has the directories where its devices are bound, and asks no file server for them.
    let is_bound = !bound(k, pid, &path).is_empty();
    for node in from.nodes.iter().filter(|node| !is_bound || node.device.letter != host::LETTER) {
        found = devices::of(node)?.walk(k, pid, node, element);
        mnt::given_up(k, pid)?;
        if found.is_ok() {
            break;
        }
    }
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
