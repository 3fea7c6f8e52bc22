//! Channels that procs leave for others to open, device `#s` (`port/devsrv.c`).

use super::{count, done, entry, node, part};
use crate::chan::{self, Chan};
use crate::dev::{Device, Entry, Error, Node, Pid, QTDIR, Result, Started, Value, error};
use crate::kernel::Kernel;
use plan9_abi::flags::{mode, open};
use std::rc::Rc;

const EXISTS: Error = error("file already exists");
const PERMISSION: Error = error("permission denied");
const SHUT_DOWN: Error = error("device shut down");
const NOT_EXIST: Error = error("file does not exist");
/// A descriptor's number as text is shorter than this, in bytes.
const MAX_NUMBER: usize = 32;

/// A name under `/srv`, with its channel once a descriptor's number was written to it.
pub struct Posted {
    name: String,
    mode: u32,
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

/// Whether the owner, who is everybody here, may open a file of this mode so (`port/dev.c:devpermcheck`).
fn allows(perm: u32, how: u32) -> bool {
    const WANTED: [u32; 4] = [0o400, 0o200, 0o600, 0o100];
    let wanted = WANTED[(how & 3) as usize];
    perm & wanted == wanted
}

/// The number at the beginning of a text, 0 if there is none (`strtoul` with base 0).
fn number(text: &[u8]) -> i32 {
    let text = String::from_utf8_lossy(text);
    let text = text.trim_start();
    let (minus, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (base, digits) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hexadecimal) => (16, hexadecimal),
        None if text.starts_with('0') => (8, text),
        None => (10, text),
    };
    let digits = digits.chars().map_while(|c| c.to_digit(base));
    let n = digits.fold(0u32, |n, digit| n.saturating_mul(base).saturating_add(digit));
    (if minus { n.wrapping_neg() } else { n }) as i32
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
        let post = posted(k, node)?;
        let (name, mode) = (post.name.clone(), post.mode);
        Ok(entry(k, node, &name, mode, 0))
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
        let result = match mode {
            _ if mode & open::TRUNC != 0 => Err(EXISTS),
            _ if mode & open::RCLOSE != 0 => Err(PERMISSION),
            _ => posted(k, node).map_err(|_| SHUT_DOWN).and_then(|post| match &post.chan {
                None => Err(SHUT_DOWN),
                Some(chan) if !matches!(chan.mode & 3, open::RDWR) && chan.mode & 3 != mode & 3 => {
                    Err(PERMISSION)
                }
                Some(_) if !allows(post.mode, mode) => Err(PERMISSION),
                Some(chan) => Ok(chan.node.clone()),
            }),
        };
        done(result, Value::File)
    }

    fn create(
        &self,
        k: &mut Kernel,
        _pid: Pid,
        _dir: &Node,
        name: &str,
        mode: u32,
        perm: u32,
    ) -> Result<Node> {
        if mode & 3 != open::WRITE {
            return Err(PERMISSION);
        }
        let path = k.files.posted.iter().map(|post| post.path).max().unwrap_or(0) + 1;
        k.files.posted.push(Posted { name: name.into(), mode: perm & 0o777, path, chan: None });
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
        let fd = number(data);
        let groups = k.files.groups.get(&pid);
        let chan = usize::try_from(fd).ok().and_then(|fd| groups?.fds.borrow().get(fd));
        let Some(chan) = chan else { return Started::Done(Err(chan::BAD_FD)) };
        if u32::from(chan.node.qid.kind) << 24 & mode::AUTH != 0 {
            return Started::Done(Err(error("cannot post auth file in srv")));
        }
        match posted(k, node) {
            Ok(post) if post.chan.is_none() => post.chan = Some(chan),
            Ok(_) => return Started::Done(Err(chan::BAD_USE)),
            Err(why) => return Started::Done(Err(why)),
        }
        count(data.len())
    }

    fn remove(&self, k: &mut Kernel, _pid: Pid, node: &Node) -> Result<()> {
        let place = k.files.posted.iter().position(|post| post.path == node.qid.path);
        let post = k.files.posted.remove(place.ok_or(NOT_EXIST)?);
        if let Some(chan) = post.chan {
            chan::release(k, chan);
        }
        Ok(())
    }

    /// A new name, which must be free, and a new mode.
    fn wstat(&self, k: &mut Kernel, _pid: Pid, node: &Node, wanted: &Entry) -> Result<()> {
        if node.qid.kind & QTDIR != 0 {
            return Err(PERMISSION);
        }
        let other = |post: &Posted| post.name == wanted.name && post.path != node.qid.path;
        if !wanted.name.is_empty() && k.files.posted.iter().any(other) {
            return Err(EXISTS);
        }
        let post = posted(k, node)?;
        if !wanted.name.is_empty() {
            post.name.clone_from(&wanted.name);
        }
        if wanted.mode != u32::MAX {
            post.mode = wanted.mode & 0o777;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_read_as_strtoul_reads_them() {
        let texts = ["7", " 12\n", "0x1f", "010", "3 more", "", "none", "-1", "4294967296"];
        let numbers = texts.map(|text| number(text.as_bytes()));
        assert_eq!(numbers, [7, 12, 31, 8, 3, 0, 0, -1, -1]);
    }
}
