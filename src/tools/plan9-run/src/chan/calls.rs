//! The file system calls (`port/sysfile.c`).

use super::path::about;
use super::{
    BAD_FD, BAD_USE, Call, Chan, Finish, directory, name, new_channel, record, release, spelling,
};
use crate::dev::{Entry, Error, Node, Pid, Result, Started, Value, error};
use crate::kernel::Kernel;
use crate::{devices, mnt, pipe};
use plan9_abi::dir::Dir;
use plan9_abi::flags::{bind, open};
use plan9_abi::sysno;

const BAD_ARG: Error = error("bad arg in system call");
/// `port/error.h:Eismtpt`
const MOUNT_POINT: Error = error("is a mount point");
/// The largest count of a read or write.
const MAX_COUNT: u64 = 1 << 31;

/// The file system calls; `None` for a number that is none of them.
pub fn syscall(k: &mut Kernel, pid: Pid, number: u64, args: [u64; 5]) -> Option<Call> {
    let [a, b, c, d, _] = args;
    let fd = a as i32;
    let call = match number as usize {
        sysno::OPEN => open_call(k, pid, a, b as u32),
        sysno::CREATE => create_call(k, pid, args),
        sysno::CLOSE => close(k, pid, fd).map(now),
        sysno::DUP => dup(k, pid, fd, b as i32).map(now),
        sysno::PIPE => pipe_call(k, pid, a).map(now),
        sysno::PREAD => read(k, pid, fd, b, c as u32 as u64, d as i64),
        sysno::OLD_READ => read(k, pid, fd, b, c as u32 as u64, -1),
        sysno::PWRITE => write(k, pid, fd, b, c as u32 as u64, d as i64),
        sysno::OLD_WRITE => write(k, pid, fd, b, c as u32 as u64, -1),
        sysno::SEEK => seek(k, pid, a, b as i32, c as i64, d as u32).map(now),
        sysno::OLD_SEEK => seek_to(k, pid, fd, b as i32 as i64, c as u32).map(|n| now(n as i64)),
        sysno::STAT => stat(k, pid, a, b, c as u32 as usize).map(now),
        sysno::FSTAT => fstat(k, pid, fd, b, c as u32 as usize).map(now),
        sysno::WSTAT => wstat(k, pid, a, b, c as u32 as usize).map(now),
        sysno::FWSTAT => fwstat(k, pid, fd, b, c as u32 as usize).map(now),
        sysno::CHDIR => chdir(k, pid, a).map(now),
        sysno::REMOVE => remove(k, pid, a).map(now),
        sysno::FD2PATH => fd2path(k, pid, fd, b, c as u32 as usize).map(now),
        sysno::BIND => bind(k, pid, a, b, c as u32).map(now),
        sysno::UNMOUNT => unmount(k, pid, a, b).map(now),
        sysno::MOUNT => mount(k, pid, args).map(now),
        sysno::OLD_MOUNT => mount(k, pid, [a, u64::MAX, b, c, d]).map(now),
        sysno::FVERSION => fversion(k, pid, args).map(now),
        sysno::FAUTH => fauth(k, pid, fd, b).map(now),
        sysno::OLD_STAT | sysno::OLD_FSTAT | sysno::OLD_WSTAT | sysno::OLD_FWSTAT => {
            Err(error("old style stat system call is not supported"))
        }
        _ => return None,
    };
    Some(call.unwrap_or_else(failed))
}

/// A call that is over.
fn now(value: i64) -> Call {
    let finish: Finish = Box::new(move |_, _, _| Ok(value));
    Call { started: Started::Done(Ok(Value::Count(0))), finish }
}

fn failed(why: Error) -> Call {
    Call { started: Started::Done(Err(why)), finish: Box::new(|_, _, value| value.map(|_| 0)) }
}

/// A descriptor's channel to a 9P server, or to one's file for authentication.
fn server_of(k: &Kernel, pid: Pid, fd: i32) -> Result<Chan> {
    let chan = chan_of(k, pid, fd)?;
    if chan.mode & 3 == open::RDWR { Ok(chan) } else { Err(BAD_USE) }
}

/// Attaches to a server and binds its tree (`port/sysfile.c:bindmount`).
fn mount(k: &mut Kernel, pid: Pid, args: [u64; 5]) -> Result<i64> {
    let [fd, afd, old, flags, tree] = args;
    let (fd, afd, flags) = (fd as i32, afd as i32, flags as u32);
    name::check_order(flags)?;
    let tree = spelled_tree(k, pid, tree)?;
    let groups = k.files.groups.get(&pid).ok_or(BAD_FD)?;
    if groups.namespace.borrow().allowed.is_some() {
        return Err(error("mount/attach disallowed"));
    }
    let server = server_of(k, pid, fd)?;
    let auth = if afd >= 0 { Some(server_of(k, pid, afd)?) } else { None };
    let root = mnt::device::attach(k, pid, &server, auth.as_ref(), &tree)?;
    let old = name_at(k, pid, old)?;
    let place = name::walk(k, pid, &old)?;
    let name = devices::srv::name_of(k, &server).unwrap_or_else(|| server.path.clone());
    let create = flags & bind::CREATE != 0;
    let member = name::Member { node: root, name, create, tree: Some(tree) };
    name::cover(k, pid, vec![member], place, &old, flags)?;
    let _ = release_fd(k, pid, fd);
    Ok(1)
}

/// Which of a server's trees: a name that may be empty and have slashes.
fn spelled_tree(k: &mut Kernel, pid: Pid, at: u64) -> Result<String> {
    let tree = name_at(k, pid, at)?;
    if !tree.is_empty() {
        name::check(&tree)?;
    }
    Ok(tree)
}

/// Agrees on a version with a server (`port/auth.c:sysfversion`). What is wrong with the call itself is said first.
fn fversion(k: &mut Kernel, pid: Pid, args: [u64; 5]) -> Result<i64> {
    let (fd, msize, at, room) = (args[0] as i32, args[1] as i32, args[2], args[3] as u32 as usize);
    let text = k.user_read(pid, at, room)?;
    let end = text.iter().position(|&b| b == 0).ok_or(BAD_ARG)?;
    let server = server_of(k, pid, fd)?;
    let msize = u32::try_from(msize).map_err(|_| error("bad iounit in version call"))?;
    let version = spelling::text(&text[..end]);
    if !version.is_empty() && !version.starts_with(mnt::version::VERSION) {
        return Err(error("bad 9P version specification"));
    }
    let agreed = mnt::device::agree(k, pid, &server, msize, &version)?;
    if agreed.len() > room {
        return Err(error("i/o count too small"));
    }
    k.user_write(pid, at, &agreed)?;
    Ok(agreed.len() as i64)
}

/// Opens a server's file for authentication (`port/auth.c:sysfauth`).
fn fauth(k: &mut Kernel, pid: Pid, fd: i32, tree: u64) -> Result<i64> {
    let tree = spelled_tree(k, pid, tree)?;
    let server = server_of(k, pid, fd)?;
    let node = mnt::device::authenticate(k, pid, &server, &tree)?;
    install(k, pid, new_channel(vec![node], "#M".into(), open::RDWR), true)
}

/// The channel of a descriptor; the caller releases it.
fn chan_of(k: &Kernel, pid: Pid, fd: i32) -> Result<Chan> {
    if let Some(chan) = mnt::held(k, pid, fd) {
        return Ok(chan);
    }
    let groups = k.files.groups.get(&pid).ok_or(BAD_FD)?;
    let slot = usize::try_from(fd).map_err(|_| BAD_FD)?;
    let chan = groups.fds.borrow().get(slot).ok_or(BAD_FD)?;
    mnt::looked_at(k, fd, &chan);
    Ok(chan)
}

/// The channel of a descriptor that is read, written or sought in, which one of a mount is not (`CMSG`).
fn io_chan(k: &Kernel, pid: Pid, fd: i32) -> Result<Chan> {
    let chan = chan_of(k, pid, fd)?;
    if chan.mux.borrow().connection.is_some() { Err(BAD_USE) } else { Ok(chan) }
}

/// Gives a channel the lowest free descriptor.
pub fn install(k: &mut Kernel, pid: Pid, chan: Chan, close_on_exec: bool) -> Result<i64> {
    let Some(groups) = k.files.groups.get(&pid) else { return Err(BAD_FD) };
    let fd = groups.fds.borrow_mut().add(chan.clone(), close_on_exec);
    release(k, chan);
    warn_of_many(k, pid);
    fd.map(|fd| fd as i64)
}

/// The kernel's word to a proc that has passed another hundred of descriptors (`port/sysfile.c:growfd`).
fn warn_of_many(k: &mut Kernel, pid: Pid) {
    let Some(groups) = k.files.groups.get(&pid) else { return };
    let exceeded = groups.fds.borrow_mut().take_exceeded();
    if let Some(n) = exceeded {
        k.pprint(pid, &format!("warning: process exceeds {n} file descriptors\n"));
    }
}

fn open_call(k: &mut Kernel, pid: Pid, at: u64, how: u32) -> Result<Call> {
    let text = name_at(k, pid, at)?;
    if how & !(3 | open::TRUNC | open::CEXEC | open::RCLOSE) != 0 {
        return Err(BAD_ARG);
    }
    let (started, finish) = name::open(k, pid, &text, how)?;
    Ok(Call { started, finish })
}

fn create_call(k: &mut Kernel, pid: Pid, args: [u64; 5]) -> Result<Call> {
    let text = name_at(k, pid, args[0])?;
    if args[1] as u32 & !(3 | open::TRUNC | open::CEXEC | open::RCLOSE | open::EXCL) != 0 {
        return Err(BAD_ARG);
    }
    let (started, finish) = name::create(k, pid, &text, args[1] as u32, args[2] as u32)?;
    Ok(Call { started, finish })
}

fn close(k: &mut Kernel, pid: Pid, fd: i32) -> Result<i64> {
    release_fd(k, pid, fd)?;
    Ok(0)
}

fn release_fd(k: &mut Kernel, pid: Pid, fd: i32) -> Result<()> {
    let groups = k.files.groups.get(&pid).ok_or(BAD_FD)?;
    let slot = usize::try_from(fd).map_err(|_| BAD_FD)?;
    let chan = groups.fds.borrow_mut().take(slot).ok_or(BAD_FD)?;
    release(k, chan);
    Ok(())
}

fn dup(k: &mut Kernel, pid: Pid, old: i32, new: i32) -> Result<i64> {
    let chan = chan_of(k, pid, old)?;
    if new == -1 {
        return install(k, pid, chan, false);
    }
    let groups = k.files.groups.get(&pid).ok_or(BAD_FD)?;
    let slot = usize::try_from(new).map_err(|_| BAD_FD)?;
    let replaced = {
        let mut table = groups.fds.borrow_mut();
        if !table.in_reach(slot) {
            return Err(BAD_FD);
        }
        table.set(slot, chan)
    };
    if let Some(chan) = replaced {
        release(k, chan);
    }
    warn_of_many(k, pid);
    Ok(i64::from(new))
}

fn pipe_call(k: &mut Kernel, pid: Pid, at: u64) -> Result<i64> {
    k.user_check(pid, at, 8, true)?;
    let (one, other) = pipe::new_pair(k);
    let mut numbers = Vec::new();
    for (node, name) in [(one, "#|/data"), (other, "#|/data1")] {
        let chan = new_channel(vec![node], name.into(), open::RDWR);
        numbers.extend((install(k, pid, chan, false)? as i32).to_le_bytes());
    }
    k.user_write(pid, at, &numbers)?;
    Ok(0)
}

fn read(k: &mut Kernel, pid: Pid, fd: i32, at: u64, count: u64, offset: i64) -> Result<Call> {
    if count >= MAX_COUNT {
        k.user_check(pid, at, count as usize, true)?;
    }
    let chan = io_chan(k, pid, fd)?;
    if !chan.readable() {
        return Err(BAD_USE);
    }
    let count = count as usize;
    k.user_check(pid, at, count, true)?;
    if chan.is_directory() {
        if offset == 0 {
            chan.directory.replace(None);
            chan.offset.set(0);
        } else if offset != -1 && offset as u64 != chan.offset.get() {
            return Err(error("seek in directory"));
        }
        let bytes = directory::read(k, pid, &chan, count)?;
        k.user_write(pid, at, &bytes)?;
        release(k, chan);
        return Ok(now(bytes.len() as i64));
    }
    let from = if offset == -1 { chan.offset.get() } else { offset as u64 };
    if offset < -1 {
        return Err(error("negative i/o offset"));
    }
    let started = devices::of(&chan.node)?.read(k, pid, &chan.node, count, from);
    let finish: Finish = Box::new(move |k, pid, value| {
        let result = match value {
            Ok(Value::Bytes(bytes)) => {
                if offset == -1 {
                    chan.offset.set(chan.offset.get() + bytes.len() as u64);
                }
                let n = bytes.len() as i64;
                // An empty answer touches no memory: the buffer was checked above.
                if n == 0 { Ok(0) } else { k.user_write(pid, at, &bytes).map(|()| n) }
            }
            Ok(_) => Ok(0),
            Err(why) => Err(why),
        };
        release(k, chan);
        result
    });
    Ok(Call { started, finish })
}

fn write(k: &mut Kernel, pid: Pid, fd: i32, at: u64, count: u64, offset: i64) -> Result<Call> {
    if count >= MAX_COUNT {
        k.user_check(pid, at, count as usize, false)?;
    }
    let data = k.user_read(pid, at, count as usize)?;
    let chan = io_chan(k, pid, fd)?;
    if !chan.writable() {
        return Err(BAD_USE);
    }
    if chan.is_directory() {
        return Err(error("is a directory"));
    }
    if offset < -1 {
        return Err(error("negative i/o offset"));
    }
    let to = if offset == -1 { chan.offset.get() } else { offset as u64 };
    let started = devices::of(&chan.node)?.write(k, pid, &chan.node, &data, to);
    let finish: Finish = Box::new(move |k, _, value| {
        let result = match value {
            Ok(Value::Count(n)) => {
                if offset == -1 {
                    chan.offset.set(chan.offset.get() + n);
                }
                Ok(n as i64)
            }
            Ok(_) => Ok(0),
            Err(why) => Err(why),
        };
        release(k, chan);
        result
    });
    Ok(Call { started, finish })
}

fn seek(k: &mut Kernel, pid: Pid, result: u64, fd: i32, offset: i64, whence: u32) -> Result<i64> {
    k.user_check(pid, result, 8, true)?;
    let place = seek_to(k, pid, fd, offset, whence)?;
    k.user_write(pid, result, &place.to_le_bytes())?;
    Ok(0)
}

fn seek_to(k: &mut Kernel, pid: Pid, fd: i32, offset: i64, whence: u32) -> Result<u64> {
    let chan = io_chan(k, pid, fd)?;
    if chan.node.device.letter == '|' {
        return Err(error("seek on a stream"));
    }
    if chan.is_directory() {
        if whence != 0 || offset != 0 {
            return Err(error("file is a directory"));
        }
        chan.directory.replace(None);
    }
    let base = match whence {
        0 => 0,
        1 => chan.offset.get() as i64,
        2 => devices::of(&chan.node)?.stat(k, pid, &chan.node)?.length as i64,
        _ => return Err(BAD_ARG),
    };
    let place = base.checked_add(offset).filter(|&place| place >= 0);
    let place = place.ok_or(error("negative i/o offset"))? as u64;
    chan.offset.set(place);
    release(k, chan);
    Ok(place)
}

/// A name in the program's memory.
fn name_at(k: &mut Kernel, pid: Pid, at: u64) -> Result<String> {
    Ok(spelling::text(&k.user_bytes(pid, at)?))
}

/// Gives a record to the program; a buffer too small for it gets its length alone.
fn give_record(
    k: &mut Kernel,
    pid: Pid,
    node: &Node,
    entry: &Entry,
    (at, len): (u64, usize),
) -> Result<i64> {
    if len < 2 {
        return Err(if name::served(node) { error("stat buffer too small") } else { BAD_ARG });
    }
    let bytes = record(node, entry);
    let bytes = if bytes.len() > len { &bytes[..2] } else { &bytes };
    k.user_write(pid, at, bytes)?;
    Ok(bytes.len() as i64)
}

fn stat(k: &mut Kernel, pid: Pid, at: u64, to: u64, len: usize) -> Result<i64> {
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

fn fstat(k: &mut Kernel, pid: Pid, fd: i32, to: u64, len: usize) -> Result<i64> {
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

fn wstat(k: &mut Kernel, pid: Pid, at: u64, from: u64, len: usize) -> Result<i64> {
    let entry = wanted(k, pid, from, len)?;
    let text = name_at(k, pid, at)?;
    let place = name::walk(k, pid, &text)?;
    if place.is_mount_point() && !entry.name.is_empty() {
        return Err(about(MOUNT_POINT, &place.path));
    }
    devices::of(&place.nodes[0])?.wstat(k, pid, &place.nodes[0], &entry)?;
    Ok(len as i64)
}

fn fwstat(k: &mut Kernel, pid: Pid, fd: i32, from: u64, len: usize) -> Result<i64> {
    let entry = wanted(k, pid, from, len)?;
    let chan = chan_of(k, pid, fd)?;
    devices::of(&chan.node)?.wstat(k, pid, &chan.node, &entry)?;
    release(k, chan);
    Ok(len as i64)
}

fn chdir(k: &mut Kernel, pid: Pid, at: u64) -> Result<i64> {
    let text = name_at(k, pid, at)?;
    let place = name::walk(k, pid, &text)?;
    if place.nodes[0].qid.kind & crate::dev::QTDIR == 0 {
        return Err(about(error("not a directory"), &text));
    }
    if let Some(groups) = k.files.groups.get_mut(&pid) {
        groups.dot = place.path;
        groups.dot_node = place.nodes.into_iter().next();
    }
    Ok(0)
}

fn remove(k: &mut Kernel, pid: Pid, at: u64) -> Result<i64> {
    let text = name_at(k, pid, at)?;
    let place = name::walk(k, pid, &text)?;
    if place.is_mount_point() {
        return Err(MOUNT_POINT);
    }
    devices::of(&place.nodes[0])?.remove(k, pid, &place.nodes[0])?;
    Ok(0)
}

fn fd2path(k: &mut Kernel, pid: Pid, fd: i32, to: u64, len: usize) -> Result<i64> {
    k.user_check(pid, to, len, true)?;
    let chan = chan_of(k, pid, fd)?;
    let mut text = spelling::bytes(&chan.path).into_owned();
    release(k, chan);
    if len > 0 {
        text.truncate(len - 1);
        text.push(0);
        k.user_write(pid, to, &text)?;
    }
    Ok(0)
}

fn bind(k: &mut Kernel, pid: Pid, new: u64, old: u64, flags: u32) -> Result<i64> {
    let (new, old) = (name_at(k, pid, new)?, name_at(k, pid, old)?);
    name::bind(k, pid, &new, &old, flags)
}

fn unmount(k: &mut Kernel, pid: Pid, name: u64, old: u64) -> Result<i64> {
    let name = if name == 0 { None } else { Some(name_at(k, pid, name)?) };
    let old = name_at(k, pid, old)?;
    name::unmount(k, pid, name.as_deref(), &old)
}
