//! Channels that procs leave for others to open, device `#s` (`port/devsrv.c`).

use super::{count, done, entry, node, part};
use crate::chan::{self, Chan};
use crate::dev::{Device, Entry, Error, Node, Pid, QTDIR, Result, Started, Value, error};
use crate::kernel::Kernel;
use plan9_abi::flags::open;
use std::rc::Rc;

const NOT_EXIST: Error = error("file does not exist");
/// A descriptor's number as text is shorter than this, in bytes.
const MAX_NUMBER: usize = 32;

/// A name under `/srv`, with its channel once a descriptor's number was written to it.
pub struct Posted {
    name: String,
    path: u64,
    chan: Option<Chan>,
}

/// The device.
pub struct Srv;

fn posted<'k>(k: &'k mut Kernel, node: &Node) -> Result<&'k mut Posted> {
    k.files.posted.iter_mut().find(|post| post.path == node.qid.path).ok_or(NOT_EXIST)
}

/// The channel that was posted.
pub fn channel(k: &mut Kernel, node: &Node) -> Option<Chan> {
    posted(k, node).ok()?.chan.clone()
}

/// The name under which a channel was posted.
pub fn name_of(k: &Kernel, chan: &Chan) -> Option<String> {
    let is_it = |post: &&Posted| post.chan.as_ref().is_some_and(|posted| Rc::ptr_eq(posted, chan));
    k.files.posted.iter().find(is_it).map(|post| format!("/srv/{}", post.name))
}

impl Device for Srv {
    fn letter(&self) -> char {
        's'
    }

    fn attach(&self, _k: &mut Kernel, _pid: Pid, _spec: &str) -> Result<Node> {
        Ok(node('s', 0, QTDIR))
    }

    fn walk(&self, k: &mut Kernel, _pid: Pid, _from: &Node, name: &str) -> Result<Node> {
        let found = k.files.posted.iter().find(|post| post.name == name).ok_or(NOT_EXIST)?;
        Ok(node('s', found.path, 0))
    }

    fn stat(&self, k: &mut Kernel, _pid: Pid, node: &Node) -> Result<Entry> {
        if node.qid.kind & QTDIR != 0 {
            return Ok(entry(k, node, "#s", 0o777, 0));
        }
        let name = posted(k, node)?.name.clone();
        Ok(entry(k, node, &name, 0o600, 0))
    }

    fn entries(&self, k: &mut Kernel, pid: Pid, _node: &Node) -> Result<Vec<Entry>> {
        let paths: Vec<u64> = k.files.posted.iter().map(|post| post.path).collect();
        paths.into_iter().map(|path| self.stat(k, pid, &node('s', path, 0))).collect()
    }

    /// Gives the channel that was posted, under the modes it was opened with.
    fn open(&self, k: &mut Kernel, _pid: Pid, node: &Node, mode: u32) -> Started {
        if node.qid.kind & QTDIR != 0 {
            return Started::Done(Ok(Value::File(node.clone())));
        }
        let result = posted(k, node).and_then(|post| match &post.chan {
            None => Err(error("device shut down")),
            Some(chan) if chan.mode & 3 != open::RDWR && chan.mode & 3 != mode & 3 => {
                Err(error("permission denied"))
            }
            Some(chan) => Ok(chan.node.clone()),
        });
        done(result, Value::File)
    }

    fn create(
        &self,
        k: &mut Kernel,
        _pid: Pid,
        _dir: &Node,
        name: &str,
        mode: u32,
        _perm: u32,
    ) -> Result<Node> {
        if mode & 3 != open::WRITE {
            return Err(error("permission denied"));
        }
        let path = k.files.posted.iter().map(|post| post.path).max().unwrap_or(0) + 1;
        k.files.posted.push(Posted { name: name.into(), path, chan: None });
        Ok(node('s', path, 0))
    }

    fn read(&self, _k: &mut Kernel, _pid: Pid, _node: &Node, n: usize, offset: u64) -> Started {
        part(b"", n, offset)
    }

    /// The text is the number of the descriptor to post.
    fn write(&self, k: &mut Kernel, pid: Pid, node: &Node, data: &[u8], _offset: u64) -> Started {
        if data.len() >= MAX_NUMBER {
            return Started::Done(Err(error("read or write too large")));
        }
        let text = String::from_utf8_lossy(data);
        let fd: Option<usize> = text.trim().parse().ok();
        let groups = k.files.groups.get(&pid);
        let chan = fd.and_then(|fd| groups?.fds.borrow().get(fd));
        let Some(chan) = chan else { return Started::Done(Err(chan::BAD_FD)) };
        match posted(k, node) {
            Ok(post) if post.chan.is_none() => post.chan = Some(chan),
            Ok(_) => return Started::Done(Err(chan::BAD_USE)),
            Err(why) => return Started::Done(Err(why)),
        }
        count(data.len())
    }

    fn remove(&self, k: &mut Kernel, _pid: Pid, node: &Node) -> Result<()> {
        let place = k.files.posted.iter().position(|post| post.path == node.qid.path);
        let post = k.files.posted.remove(place.ok_or(error("permission denied"))?);
        if let Some(chan) = post.chan {
            chan::release(k, chan);
        }
        Ok(())
    }
}
