//! A tree of files in memory, which answers as 9front's ramfs does: the file server that a terminal has at `/tmp`.
//!
//! The host's folders cannot show what such a server knows: append-only and exclusive files, files that are removed while
//! they are open, directories that are removed while a proc stands in them. So the machine can serve such a tree
//! (`--ramfs`). Rules and texts are those that a real ramfs gave through the kernel's 9P client; there is one user, who
//! owns everything. Its files are of type `M`, as files of any 9P server are; no program can name the device.

use super::{count, done};
use crate::dev::{Device, Entry, Error, Node, Pid, Qid, Result, Started, Value, error};
use crate::kernel::Kernel;
use plan9_abi::flags::{mode, open};
use std::collections::BTreeMap;

/// The letter of files behind a 9P connection.
pub const LETTER: char = 'M';
/// The qid path of the root.
const ROOT: u64 = 0;
/// Bytes of one message's data.
const IOUNIT: u32 = 32768;
/// The largest file, in bytes: the machine's own bound on what it keeps in memory.
const MAX_LENGTH: u64 = 1 << 30;
/// What `wstat` may change of the mode.
const MODE_BITS: u32 = 0o777 | mode::DIR | mode::APPEND | mode::EXCL | mode::TMP;

const NOT_FOUND: Error = error("file not found");
const DENIED: Error = error("permission denied");
const EXISTS: Error = error("file already exists");

/// Permission bits of one class.
const READ: u32 = 4;
const WRITE: u32 = 2;
const EXECUTE: u32 = 1;

struct File {
    name: String,
    parent: u64,
    /// In the order in which they were made.
    children: Vec<u64>,
    mode: u32,
    data: Vec<u8>,
    version: u32,
    atime: u32,
    mtime: u32,
    group: String,
    /// Channels that have it open.
    opens: usize,
    /// No directory has it any more; who has it open, or stands in it, still does.
    removed: bool,
}

/// All files, by qid path. A removed directory stays, for a proc may stand in it.
#[derive(Default)]
pub struct Tree {
    files: BTreeMap<u64, File>,
    last: u64,
}

/// The device.
pub struct Ram;

fn now(k: &Kernel) -> u32 {
    (k.now_ns() / 1_000_000_000) as u32
}

impl File {
    fn new(k: &Kernel, name: &str, parent: u64, mode: u32) -> File {
        let time = now(k);
        File {
            name: name.into(),
            parent,
            children: Vec::new(),
            mode,
            data: Vec::new(),
            version: 0,
            atime: time,
            mtime: time,
            group: k.options.user.clone(),
            opens: 0,
            removed: false,
        }
    }

    fn is_directory(&self) -> bool {
        self.mode & mode::DIR != 0
    }

    /// Whether any class that the user is in has these bits.
    fn allows(&self, bits: u32) -> bool {
        (self.mode >> 6 | self.mode >> 3 | self.mode) & bits == bits
    }

    fn qid(&self, path: u64) -> Qid {
        Qid { path, vers: self.version, kind: (self.mode >> 24) as u8 }
    }
}

fn file<'k>(k: &'k mut Kernel, node: &Node) -> Result<&'k mut File> {
    by_path(k, node.qid.path)
}

fn by_path(k: &mut Kernel, path: u64) -> Result<&mut File> {
    if path == ROOT && !k.files.ram.files.contains_key(&ROOT) {
        let root = File::new(k, "/", ROOT, mode::DIR | 0o777);
        k.files.ram.files.insert(ROOT, root);
    }
    k.files.ram.files.get_mut(&path).ok_or(NOT_FOUND)
}

fn node(k: &mut Kernel, path: u64) -> Result<Node> {
    let qid = by_path(k, path)?.qid(path);
    Ok(Node { qid, ..super::node(LETTER, path, qid.kind) })
}

fn child(k: &mut Kernel, directory: u64, name: &str) -> Result<u64> {
    let children = by_path(k, directory)?.children.clone();
    let files = &k.files.ram.files;
    let named = |path: &u64| files.get(path).is_some_and(|file| file.name == name);
    children.into_iter().find(named).ok_or(NOT_FOUND)
}

fn may_change(k: &mut Kernel, directory: u64) -> Result<()> {
    if by_path(k, directory)?.allows(WRITE) { Ok(()) } else { Err(DENIED) }
}

fn entry(k: &mut Kernel, path: u64) -> Result<Entry> {
    let user = k.options.user.clone();
    let file = by_path(k, path)?;
    Ok(Entry {
        qid: file.qid(path),
        mode: file.mode,
        atime: file.atime,
        mtime: file.mtime,
        length: file.data.len() as u64,
        name: file.name.clone(),
        uid: user.clone(),
        gid: file.group.clone(),
        muid: user,
    })
}

fn opened(k: &mut Kernel, node: &Node, how: u32) -> Result<Node> {
    let time = now(k);
    if how & open::RCLOSE != 0 {
        let parent = file(k, node)?.parent;
        may_change(k, parent)?;
    }
    let file = file(k, node)?;
    let truncated = how & open::TRUNC != 0 && file.mode & mode::APPEND == 0;
    let wanted = [READ, WRITE, READ | WRITE, EXECUTE][(how & 3) as usize];
    if !file.allows(wanted) || truncated && !file.allows(WRITE) {
        return Err(DENIED);
    }
    if file.mode & mode::EXCL != 0 && file.opens > 0 {
        return Err(error("file is locked"));
    }
    if truncated {
        file.data.clear();
        file.version += 1;
        file.mtime = time;
    }
    file.opens += 1;
    Ok(node.clone())
}

impl Device for Ram {
    fn letter(&self) -> char {
        LETTER
    }

    fn attach(&self, k: &mut Kernel, _pid: Pid, _spec: &str) -> Result<Node> {
        node(k, ROOT)
    }

    fn walk(&self, k: &mut Kernel, pid: Pid, from: &Node, name: &str) -> Result<Node> {
        super::serve(k, pid);
        let path = child(k, from.qid.path, name)?;
        node(k, path)
    }

    fn leave(&self, k: &mut Kernel, node: &Node) -> Result<()> {
        if file(k, node)?.removed { Err(NOT_FOUND) } else { Ok(()) }
    }

    fn stat(&self, k: &mut Kernel, pid: Pid, node: &Node) -> Result<Entry> {
        super::serve(k, pid);
        entry(k, node.qid.path)
    }

    fn entries(&self, k: &mut Kernel, pid: Pid, node: &Node) -> Result<Vec<Entry>> {
        super::serve(k, pid);
        let children = file(k, node)?.children.clone();
        children.into_iter().map(|path| entry(k, path)).collect()
    }

    fn open(&self, k: &mut Kernel, pid: Pid, node: &Node, how: u32) -> Started {
        super::serve(k, pid);
        done(opened(k, node, how), Value::File)
    }

    /// Permissions are and-ed with the directory's.
    fn create(
        &self,
        k: &mut Kernel,
        pid: Pid,
        dir: &Node,
        name: &str,
        _how: u32,
        perm: u32,
    ) -> Result<Node> {
        super::serve(k, pid);
        let parent = file(k, dir)?;
        if parent.removed {
            return Err(error("create in deleted directory"));
        }
        let directory = perm & mode::DIR != 0;
        let masked = if directory { 0o777 } else { 0o666 };
        let kept = perm & MODE_BITS & (!masked | parent.mode & masked);
        may_change(k, dir.qid.path)?;
        k.files.ram.last += 1;
        let path = k.files.ram.last;
        let mut new = File::new(k, name, dir.qid.path, kept);
        new.opens = 1;
        k.files.ram.files.insert(path, new);
        let time = now(k);
        let parent = file(k, dir)?;
        parent.children.push(path);
        parent.mtime = time;
        parent.version += 1;
        node(k, path)
    }

    fn read(&self, k: &mut Kernel, pid: Pid, node: &Node, n: usize, offset: u64) -> Started {
        super::serve(k, pid);
        let time = now(k);
        match file(k, node) {
            Ok(file) => {
                file.atime = time;
                super::part(&file.data, n, offset)
            }
            Err(why) => Started::Done(Err(why)),
        }
    }

    /// What is append-only grows at its end, whatever the offset. An empty write changes nothing.
    fn write(&self, k: &mut Kernel, pid: Pid, node: &Node, data: &[u8], offset: u64) -> Started {
        super::serve(k, pid);
        let time = now(k);
        let file = match file(k, node) {
            Ok(file) => file,
            Err(why) => return Started::Done(Err(why)),
        };
        if data.is_empty() {
            return count(0);
        }
        let appends = file.mode & mode::APPEND != 0;
        let from = if appends { file.data.len() as u64 } else { offset };
        let end = from.saturating_add(data.len() as u64);
        if end > MAX_LENGTH {
            return Started::Done(Err(error("file system full")));
        }
        let (from, end) = (from as usize, end as usize);
        file.data.resize(end.max(file.data.len()), 0);
        file.data[from..end].copy_from_slice(data);
        file.mtime = time;
        // ramfs counts a write twice.
        file.version += 2;
        count(data.len())
    }

    fn close(&self, k: &mut Kernel, node: &Node) {
        let Ok(file) = file(k, node) else { return };
        file.opens = file.opens.saturating_sub(1);
        if file.removed && file.opens == 0 && !file.is_directory() {
            k.files.ram.files.remove(&node.qid.path);
        }
    }

    fn remove(&self, k: &mut Kernel, pid: Pid, node: &Node) -> Result<()> {
        super::serve(k, pid);
        let path = node.qid.path;
        let file = file(k, node)?;
        let (parent, removed) = (file.parent, file.removed);
        if !file.children.is_empty() {
            return Err(Error(format!("remove {}: has children", file.name).into()));
        }
        if path == ROOT || removed {
            return Err(if removed { NOT_FOUND } else { DENIED });
        }
        may_change(k, parent)?;
        by_path(k, parent)?.children.retain(|&other| other != path);
        let file = by_path(k, path)?;
        file.removed = true;
        if file.opens == 0 && !file.is_directory() {
            k.files.ram.files.remove(&path);
        }
        Ok(())
    }

    /// All or nothing. Times of access, owners, type and device are silently kept.
    fn wstat(&self, k: &mut Kernel, pid: Pid, node: &Node, wanted: &Entry) -> Result<()> {
        super::serve(k, pid);
        let time = now(k);
        let file = file(k, node)?;
        let (parent, version, directory) = (file.parent, file.version, file.is_directory());
        if wanted.qid.vers != u32::MAX && wanted.qid.vers != version {
            return Err(error("wstat -- attempt to change qid.vers"));
        }
        if wanted.mode != u32::MAX && (wanted.mode & mode::DIR != 0) != directory {
            return Err(error("wstat -- attempt to change qid.type"));
        }
        let resized = wanted.length != u64::MAX;
        if resized && directory && wanted.length != 0 {
            return Err(DENIED);
        }
        if resized && wanted.length > MAX_LENGTH {
            return Err(error("file system full"));
        }
        let renamed = !wanted.name.is_empty() && wanted.name != file.name;
        if renamed && !file.removed {
            may_change(k, parent)?;
            if wanted.name == ".." || child(k, parent, &wanted.name).is_ok() {
                return Err(EXISTS);
            }
        }
        let file = by_path(k, node.qid.path)?;
        if renamed {
            file.name.clone_from(&wanted.name);
        }
        if wanted.mode != u32::MAX {
            file.mode = wanted.mode & MODE_BITS;
        }
        if !wanted.gid.is_empty() {
            file.group.clone_from(&wanted.gid);
        }
        if resized && !directory {
            file.data.resize(wanted.length as usize, 0);
        }
        // Whatever changes, a message that gives no time sets it to now (`accessfile`).
        file.version += 1;
        (file.atime, file.mtime) = (time, time);
        if wanted.mtime != u32::MAX {
            file.mtime = wanted.mtime;
        }
        Ok(())
    }

    fn iounit(&self, _node: &Node) -> u32 {
        IOUNIT
    }
}
