//! Calls that read and change a file's record (`port/sysfile.c`).

use super::calls::{BAD_ARG, MOUNT_POINT, chan_of, name_at};
use super::path::about;
use super::{name, opening, record, release, spelling};
use crate::dev::{Entry, Node, Pid, Result, error};
use crate::devices;
use crate::kernel::Kernel;
use plan9_abi::dir::Dir;

/// Gives a record to the program; a buffer too small for it gets its length alone.
fn give_record(
    k: &mut Kernel,
    pid: Pid,
    node: &Node,
    entry: &Entry,
    (at, len): (u64, usize),
) -> Result<i64> {
    if len < 2 {
        return Err(if opening::served(node) { error("stat buffer too small") } else { BAD_ARG });
    }
    let bytes = record(node, entry);
    let bytes = if bytes.len() > len { &bytes[..2] } else { &bytes };
    k.user_write(pid, at, bytes)?;
    Ok(bytes.len() as i64)
}

pub fn stat(k: &mut Kernel, pid: Pid, at: u64, to: u64, len: usize) -> Result<i64> {
    k.user_check(pid, to, len, true)?;
    let text = name_at(k, pid, at)?;
    let place = name::walk(k, pid, &text)?;
    let node = &place.nodes[0];
    let mut entry = devices::of(node)?.stat(k, pid, node)?;
    if place.is_mount_point() && node.fid.is_some() {
        // Whatever the server calls its root.
        entry.name = "/".into();
    }
    name_as_path(&mut entry, &place.path);
    give_record(k, pid, node, &entry, (to, len))
}

pub fn fstat(k: &mut Kernel, pid: Pid, fd: i32, to: u64, len: usize) -> Result<i64> {
    k.user_check(pid, to, len, true)?;
    let chan = chan_of(k, pid, fd)?;
    let mut entry = devices::of(&chan.node)?.stat(k, pid, &chan.node)?;
    name_as_path(&mut entry, &chan.path);
    let given = give_record(k, pid, &chan.node, &entry, (to, len));
    release(k, chan);
    given
}

/// A mount point is named as its path says, not as the root of what is mounted (`port/sysfile.c:pathlast`).
fn name_as_path(entry: &mut Entry, path: &str) {
    if entry.name == "." || entry.name == "/" || entry.name.starts_with('#') {
        entry.name = match path.rsplit('/').next() {
            Some("") | None => "/".into(),
            Some(last) => last.into(),
        };
    }
}

/// What a program asks of wstat, read from its memory.
fn wanted(k: &mut Kernel, pid: Pid, at: u64, len: usize) -> Result<Entry> {
    let bytes = k.user_read(pid, at, len)?;
    let (dir, _) = Dir::parse(&bytes).ok_or(error("malformed stat buffer"))?;
    // The bare slash passes (`port/sysfile.c:validstat`): a file server names its root so.
    let illegal = |&byte: &u8| byte < b' ' || byte == b'/' || byte == 0x7F;
    if dir.name != b"/" && dir.name.iter().any(illegal) {
        return Err(name::bad_character(&spelling::text(dir.name)));
    }
    Ok(crate::mnt::device::entry(&dir))
}

pub fn wstat(k: &mut Kernel, pid: Pid, at: u64, from: u64, len: usize) -> Result<i64> {
    let entry = wanted(k, pid, from, len)?;
    let text = name_at(k, pid, at)?;
    let place = name::walk(k, pid, &text)?;
    if place.is_mount_point() && !entry.name.is_empty() {
        return Err(about(MOUNT_POINT, &place.path));
    }
    devices::of(&place.nodes[0])?.wstat(k, pid, &place.nodes[0], &entry)?;
    Ok(len as i64)
}

pub fn fwstat(k: &mut Kernel, pid: Pid, fd: i32, from: u64, len: usize) -> Result<i64> {
    let entry = wanted(k, pid, from, len)?;
    let chan = chan_of(k, pid, fd)?;
    devices::of(&chan.node)?.wstat(k, pid, &chan.node, &entry)?;
    release(k, chan);
    Ok(len as i64)
}
