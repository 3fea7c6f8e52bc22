//! A proc's own descriptors as files, device `#d` (`port/devdup.c`).

use super::{done, entry, node, part};
use crate::chan::{self, Chan};
use crate::dev::{Device, Entry, Node, Pid, QTDIR, Result, Started, Value, error};
use crate::kernel::Kernel;
use plan9_abi::flags::open;

/// The device.
pub struct Dup;

/// The qid's path: twice the descriptor, one more for its `ctl`, and one so that the root is 0.
fn split(node: &Node) -> (usize, bool) {
    let path = node.qid.path.saturating_sub(1);
    ((path / 2) as usize, path % 2 == 1)
}

fn held(k: &Kernel, pid: Pid, fd: usize) -> Result<Chan> {
    let groups = k.files.groups.get(&pid);
    groups.and_then(|groups| groups.fds.borrow().get(fd)).ok_or(error("file does not exist"))
}

/// The channel behind a descriptor's file, none for a `ctl` and the directory.
pub fn channel(k: &Kernel, pid: Pid, node: &Node) -> Option<Chan> {
    let (fd, ctl) = split(node);
    (node.qid.kind & QTDIR == 0 && !ctl).then(|| held(k, pid, fd).ok()).flatten()
}

impl Device for Dup {
    fn letter(&self) -> char {
        'd'
    }

    fn attach(&self, _k: &mut Kernel, _pid: Pid, _spec: &str) -> Result<Node> {
        Ok(node('d', 0, QTDIR))
    }

    fn walk(&self, k: &mut Kernel, pid: Pid, _from: &Node, name: &str) -> Result<Node> {
        let (digits, ctl) = match name.strip_suffix("ctl") {
            Some(digits) => (digits, 1),
            None => (name, 0),
        };
        let fd: usize = digits.parse().map_err(|_| error("file does not exist"))?;
        held(k, pid, fd)?;
        Ok(node('d', 2 * fd as u64 + ctl + 1, 0))
    }

    fn stat(&self, k: &mut Kernel, pid: Pid, node: &Node) -> Result<Entry> {
        if node.qid.kind & QTDIR != 0 {
            return Ok(entry(k, node, "#d", 0o555, 0));
        }
        let (fd, ctl) = split(node);
        let chan = held(k, pid, fd)?;
        if ctl {
            return Ok(entry(k, node, &format!("{fd}ctl"), 0o400, 0));
        }
        let mode = [0o400, 0o200, 0o600, 0o100][(chan.mode & 3) as usize];
        Ok(entry(k, node, &fd.to_string(), mode, 0))
    }

    fn entries(&self, k: &mut Kernel, pid: Pid, _node: &Node) -> Result<Vec<Entry>> {
        let groups = k.files.groups.get(&pid).ok_or(error("process exited"))?;
        let fds: Vec<usize> = groups.fds.borrow().iter().map(|(fd, _)| fd).collect();
        let nodes = fds.iter().flat_map(|&fd| [2 * fd as u64 + 1, 2 * fd as u64 + 2]);
        nodes.collect::<Vec<_>>().into_iter().map(|n| self.stat(k, pid, &node('d', n, 0))).collect()
    }

    /// A `ctl` opens as itself; a descriptor opens as the very channel, which the channel layer sees to.
    fn open(&self, k: &mut Kernel, pid: Pid, node: &Node, mode: u32) -> Started {
        let (fd, ctl) = split(node);
        if node.qid.kind & QTDIR != 0 || ctl {
            return Started::Done(Ok(Value::File(node.clone())));
        }
        if mode & open::RCLOSE != 0 {
            return Started::Done(Err(error("permission denied")));
        }
        let refused = |chan: &Chan| match mode & 3 {
            open::READ | open::EXEC => chan.mode & 3 == open::WRITE,
            open::WRITE => !matches!(chan.mode & 3, open::WRITE | open::RDWR),
            _ => chan.mode & 3 != open::RDWR,
        };
        let result = held(k, pid, fd).and_then(|chan| match refused(&chan) {
            true => Err(chan::BAD_USE),
            false => Ok(chan.node.clone()),
        });
        done(result, Value::File)
    }

    fn read(&self, k: &mut Kernel, pid: Pid, node: &Node, n: usize, offset: u64) -> Started {
        let (fd, _) = split(node);
        match held(k, pid, fd) {
            Ok(chan) => {
                let mode = ["r ", " w", "rw", "r "][(chan.mode & 3) as usize];
                let (kind, vers, path) =
                    (chan.node.qid.kind, chan.node.qid.vers, chan.node.qid.path);
                let line = format!(
                    "{fd:3} {mode} {} {:4} ({path:016x} {vers} {kind:02x}) {:5} {:8} {}\n",
                    chan.node.device.letter,
                    chan.node.device.instance,
                    super::of(&chan.node).map_or(0, |device| device.iounit(&chan.node)),
                    chan.offset.get(),
                    chan.path
                );
                part(line.as_bytes(), n, offset)
            }
            Err(why) => Started::Done(Err(why)),
        }
    }

    fn write(&self, _k: &mut Kernel, _pid: Pid, _node: &Node, _data: &[u8], _to: u64) -> Started {
        Started::Done(Err(error("permission denied")))
    }
}
