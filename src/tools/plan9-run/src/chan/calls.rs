//! The file system calls by their numbers, and those of descriptors and names (`port/sysfile.c`); those that move bytes
//! are in [`io`], those of records in [`stat`], those of the namespace in [`mount`].

use super::path::about;
use super::{
    BAD_FD, Call, Chan, Finish, io, mount, name, new_channel, opening, release, spelling, stat,
};
use crate::dev::{Error, Pid, Result, Started, Value, error};
use crate::kernel::Kernel;
use crate::{devices, mnt, pipe};
use plan9_abi::flags::open;
use plan9_abi::sysno;

pub(super) const BAD_ARG: Error = error("bad arg in system call");
/// `port/error.h:Eismtpt`
pub(super) const MOUNT_POINT: Error = error("is a mount point");
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
        sysno::PREAD => io::read(k, pid, fd, b, c as u32 as u64, d as i64),
        sysno::OLD_READ => io::read(k, pid, fd, b, c as u32 as u64, -1),
        sysno::PWRITE => io::write(k, pid, fd, b, c as u32 as u64, d as i64),
        sysno::OLD_WRITE => io::write(k, pid, fd, b, c as u32 as u64, -1),
        sysno::SEEK => io::seek(k, pid, a, b as i32, c as i64, d as u32).map(now),
        sysno::OLD_SEEK => {
            io::seek_to(k, pid, fd, b as i32 as i64, c as u32).map(|n| now(n as i64))
        }
        sysno::STAT => stat::stat(k, pid, a, b, c as u32 as usize).map(now),
        sysno::FSTAT => stat::fstat(k, pid, fd, b, c as u32 as usize).map(now),
        sysno::WSTAT => stat::wstat(k, pid, a, b, c as u32 as usize).map(now),
        sysno::FWSTAT => stat::fwstat(k, pid, fd, b, c as u32 as usize).map(now),
        sysno::CHDIR => chdir(k, pid, a).map(now),
        sysno::REMOVE => remove(k, pid, a).map(now),
        sysno::FD2PATH => fd2path(k, pid, fd, b, c as u32 as usize).map(now),
        sysno::BIND => mount::bind(k, pid, a, b, c as u32).map(now),
        sysno::UNMOUNT => mount::unmount(k, pid, a, b).map(now),
        sysno::MOUNT => mount::mount(k, pid, args).map(now),
        sysno::OLD_MOUNT => mount::mount(k, pid, [a, u64::MAX, b, c, d]).map(now),
        sysno::FVERSION => mount::fversion(k, pid, args).map(now),
        sysno::FAUTH => mount::fauth(k, pid, fd, b).map(now),
        sysno::OLD_STAT | sysno::OLD_FSTAT | sysno::OLD_WSTAT | sysno::OLD_FWSTAT => {
            Err(error("old style stat system call is not supported"))
        }
        _ => return None,
    };
    Some(call.unwrap_or_else(failed))
}

/// A call that is over.
pub(super) fn now(value: i64) -> Call {
    let finish: Finish = Box::new(move |_, _, _| Ok(value));
    Call { started: Started::Done(Ok(Value::Count(0))), finish }
}

fn failed(why: Error) -> Call {
    Call { started: Started::Done(Err(why)), finish: Box::new(|_, _, value| value.map(|_| 0)) }
}

/// The channel of a descriptor; the caller releases it.
pub(super) fn chan_of(k: &Kernel, pid: Pid, fd: i32) -> Result<Chan> {
    if let Some(chan) = mnt::held(k, pid, fd) {
        return Ok(chan);
    }
    let groups = k.files.groups.get(&pid).ok_or(BAD_FD)?;
    let slot = usize::try_from(fd).map_err(|_| BAD_FD)?;
    let chan = groups.fds.borrow().get(slot).ok_or(BAD_FD)?;
    mnt::looked_at(k, fd, &chan);
    Ok(chan)
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
    let (started, finish) = opening::open(k, pid, &text, how)?;
    Ok(Call { started, finish })
}

fn create_call(k: &mut Kernel, pid: Pid, args: [u64; 5]) -> Result<Call> {
    let text = name_at(k, pid, args[0])?;
    if args[1] as u32 & !(3 | open::TRUNC | open::CEXEC | open::RCLOSE | open::EXCL) != 0 {
        return Err(BAD_ARG);
    }
    let (started, finish) = opening::create(k, pid, &text, args[1] as u32, args[2] as u32)?;
    Ok(Call { started, finish })
}

fn close(k: &mut Kernel, pid: Pid, fd: i32) -> Result<i64> {
    release_fd(k, pid, fd)?;
    Ok(0)
}

pub(super) fn release_fd(k: &mut Kernel, pid: Pid, fd: i32) -> Result<()> {
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

/// A name in the program's memory.
pub(super) fn name_at(k: &mut Kernel, pid: Pid, at: u64) -> Result<String> {
    Ok(spelling::text(&k.user_bytes(pid, at)?))
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
