//! Calls that change the namespace, and those that come before a mount (`port/sysfile.c`, `port/auth.c`).

use super::calls::{BAD_ARG, chan_of, install, name_at, release_fd};
use super::{BAD_FD, BAD_USE, Chan, name, namespace, new_channel, spelling};
use crate::dev::{Pid, Result, error};
use crate::kernel::Kernel;
use crate::{devices, mnt};
use plan9_abi::flags::{bind, open};

/// A descriptor's channel to a 9P server, or to one's file for authentication.
fn server_of(k: &Kernel, pid: Pid, fd: i32) -> Result<Chan> {
    let chan = chan_of(k, pid, fd)?;
    if chan.mode & 3 == open::RDWR { Ok(chan) } else { Err(BAD_USE) }
}

/// Attaches to a server and binds its tree (`port/sysfile.c:bindmount`).
pub fn mount(k: &mut Kernel, pid: Pid, args: [u64; 5]) -> Result<i64> {
    let [fd, afd, old, flags, tree] = args;
    let (fd, afd, flags) = (fd as i32, afd as i32, flags as u32);
    namespace::check_order(flags)?;
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
    let member = namespace::Member { node: root, name, create, tree: Some(tree) };
    namespace::cover(k, pid, vec![member], place, &old, flags)?;
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
pub fn fversion(k: &mut Kernel, pid: Pid, args: [u64; 5]) -> Result<i64> {
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
pub fn fauth(k: &mut Kernel, pid: Pid, fd: i32, tree: u64) -> Result<i64> {
    let tree = spelled_tree(k, pid, tree)?;
    let server = server_of(k, pid, fd)?;
    let node = mnt::device::authenticate(k, pid, &server, &tree)?;
    install(k, pid, new_channel(vec![node], "#M".into(), open::RDWR), true)
}

pub fn bind(k: &mut Kernel, pid: Pid, new: u64, old: u64, flags: u32) -> Result<i64> {
    let (new, old) = (name_at(k, pid, new)?, name_at(k, pid, old)?);
    namespace::bind(k, pid, &new, &old, flags)
}

pub fn unmount(k: &mut Kernel, pid: Pid, name: u64, old: u64) -> Result<i64> {
    let name = if name == 0 { None } else { Some(name_at(k, pid, name)?) };
    let old = name_at(k, pid, old)?;
    namespace::unmount(k, pid, name.as_deref(), &old)
}
