//! Opening and creating files by name (`port/chan.c:namec`): what a directory is refused, and what becomes of a device's
//! answer.

use super::calls::install;
use super::name::{Place, below, check, walk};
use super::path::{about, join, must_be_directory, spelled};
use super::{Chan, Finish, new_channel};
use crate::dev::{Device, Error, Node, Pid, QTDIR, Result, Started, Value, error};
use crate::devices::{self, ram};
use crate::kernel::Kernel;
use crate::mnt;
use plan9_abi::flags::{mode, open};

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
            Box::new(move |k, pid, _| install(k, pid, chan, how & open::CEXEC != 0));
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
        install(k, pid, chan, how & open::CEXEC != 0)
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
