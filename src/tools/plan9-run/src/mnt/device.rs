//! The files of mounted servers, as a device of the kernel's (`port/devmnt.c`).

use super::fcall::{IO_HEADER, MAX_NAMES, NO_FID, Reply, Request};
use super::{Fid, MOUNT_RPC, given_up, is_new, is_own, new_device, rpc, version};
use crate::chan::{self, BAD_USE, Chan, spelling};
use crate::dev::{Device, DeviceId, Entry, Error, Node, Pid, Qid, Result, Started, Value, error};
use crate::kernel::Kernel;
use plan9_abi::dir::Dir;
use plan9_abi::flags::open;
use std::rc::Rc;

/// `mnt`'s letter.
const LETTER: char = 'M';
const NOT_EXIST: Error = error("file does not exist");
/// `port/chan.c:cclone`
const CLONE_FAILED: Error = error("clone failed");
/// A record of a directory that is none.
const BAD_ENTRY: Error = error("invalid directory entry received from server");
/// `port/error.h:Ebadstat`
const BAD_STAT: Error = error("malformed stat buffer");

/// The device.
pub struct Mount;

/// What a server gives for a walk: the files on the way, as far as there are any, and the last one if it is the end.
pub struct Walked {
    pub qids: Vec<Qid>,
    pub node: Option<Node>,
}

fn fid(node: &Node) -> Result<&Rc<Fid>> {
    node.fid.as_ref().ok_or(MOUNT_RPC)
}

fn msize(chan: &Chan) -> u32 {
    chan.mux.borrow().connection.as_ref().map_or(IO_HEADER, |connection| connection.msize)
}

/// Makes a channel a connection, unless it is one.
fn connect(k: &mut Kernel, pid: Pid, chan: &Chan) -> Result<()> {
    if chan.mux.borrow().connection.is_none() {
        agree(k, pid, chan, 0, version::VERSION)?;
    }
    Ok(())
}

/// Agrees on a version; gives it.
pub fn agree(k: &mut Kernel, pid: Pid, chan: &Chan, msize: u32, version: &str) -> Result<Vec<u8>> {
    let msize = version::message_size(chan, msize)?;
    let version = if version.is_empty() { version::VERSION } else { version };
    match rpc(k, pid, chan, Request::Version { msize, version: version.into() })?.0 {
        Reply::Version { version, .. } => Ok(version),
        _ => Err(MOUNT_RPC),
    }
}

fn user(k: &Kernel, pid: Pid) -> String {
    k.proc(pid).map_or(String::new(), |proc| proc.user.clone())
}

/// A file of a tree that has just been attached or asked for.
fn first(k: &mut Kernel, qid: Qid, fid: Option<Rc<Fid>>) -> Node {
    Node { device: DeviceId { letter: LETTER, instance: new_device(k) }, qid, aux: 0, fid }
}

/// The root of one of a server's trees.
pub fn attach(
    k: &mut Kernel,
    pid: Pid,
    chan: &Chan,
    auth: Option<&Chan>,
    tree: &str,
) -> Result<Node> {
    let afid = match auth.map(|auth| &auth.node.fid) {
        None => NO_FID,
        Some(Some(fid)) if Rc::ptr_eq(&fid.chan, chan) => fid.number,
        Some(_) => return Err(BAD_USE),
    };
    connect(k, pid, chan)?;
    let request = Request::Attach { fid: 0, afid, user: user(k, pid), tree: tree.into() };
    match rpc(k, pid, chan, request)? {
        (Reply::Attach(qid), fid) => Ok(first(k, qid, fid)),
        _ => Err(MOUNT_RPC),
    }
}

/// The file by which a program proves to a server who it is, opened.
pub fn authenticate(k: &mut Kernel, pid: Pid, chan: &Chan, tree: &str) -> Result<Node> {
    connect(k, pid, chan)?;
    let request = Request::Auth { afid: 0, user: user(k, pid), tree: tree.into() };
    match rpc(k, pid, chan, request)? {
        (Reply::Auth(qid), Some(fid)) => {
            fid.iounit.set(Some(msize(chan) - IO_HEADER));
            Ok(first(k, qid, Some(fid)))
        }
        _ => Err(MOUNT_RPC),
    }
}

/// Walks up to [`MAX_NAMES`] names down; none gives another hold of the same file.
pub fn walk(k: &mut Kernel, pid: Pid, from: &Node, names: &[&str]) -> Result<Walked> {
    let at = fid(from)?;
    let names: Vec<Vec<u8>> = names.iter().map(|name| spelling::bytes(name).into_owned()).collect();
    if names.len() > MAX_NAMES {
        return Err(error("devmnt: too many name elements"));
    }
    let asked = names.len();
    let chan = at.chan.clone();
    let request = Request::Walk { fid: at.number, new: 0, names };
    let (Reply::Walk(qids), fid) = rpc(k, pid, &chan, request)? else { return Err(MOUNT_RPC) };
    if qids.len() > asked {
        return Err(error("too many QIDs returned by walk"));
    }
    if qids.is_empty() && asked > 0 {
        return Err(NOT_EXIST);
    }
    let qid = qids.last().copied().unwrap_or(from.qid);
    let node = fid.map(|fid| Node { fid: Some(fid), qid, ..from.clone() });
    Ok(Walked { qids, node })
}

/// The file in a hold that no other has, to be opened, moved or removed (`cunique`).
fn own(k: &mut Kernel, pid: Pid, node: &Node) -> Result<Node> {
    let fid = fid(node)?;
    if is_own(k, pid, fid) {
        return Ok(node.clone());
    }
    let walked = walk(k, pid, node, &[]);
    given_up(k, pid)?;
    // Whatever the walk failed with, the kernel says this (`port/chan.c:cclone`).
    walked.ok().and_then(|walked| walked.node).ok_or(CLONE_FAILED)
}

/// What an open or a create makes of the file.
fn opened(node: Node, qid: Qid, iounit: u32) -> Result<Node> {
    let fid = fid(&node)?;
    let most = msize(&fid.chan) - IO_HEADER;
    let unit = if iounit == 0 || iounit > most { most } else { iounit };
    fid.iounit.set(Some(unit));
    Ok(Node { qid, ..node })
}

fn open_own(k: &mut Kernel, pid: Pid, node: &Node, mode: u32) -> Result<Node> {
    let node = own(k, pid, node)?;
    let at = Rc::clone(fid(&node)?);
    match rpc(k, pid, &at.chan, Request::Open { fid: at.number, mode: mode as u8 })?.0 {
        Reply::Open(qid, iounit) => opened(node, qid, iounit),
        _ => Err(MOUNT_RPC),
    }
}

/// Whether a transfer in pieces ends here: the server gave less than was asked, all is there, or a note has come.
fn ends(k: &Kernel, pid: Pid, got: usize, asked: usize, left: usize) -> bool {
    let noted = || is_new(k, pid) && k.proc(pid).is_some_and(|proc| !proc.notes.is_empty());
    got != asked || left == 0 || noted()
}

/// How much of a transfer one message carries.
fn piece(fid: &Fid, left: usize) -> usize {
    left.min(fid.iounit.get().unwrap_or(0) as usize)
}

fn read_all(k: &mut Kernel, pid: Pid, node: &Node, count: usize, from: u64) -> Result<Vec<u8>> {
    let at = Rc::clone(fid(node)?);
    let mut bytes = Vec::new();
    loop {
        let asked = piece(&at, count - bytes.len());
        let offset = from.wrapping_add(bytes.len() as u64);
        let request = Request::Read { fid: at.number, offset, count: asked as u32 };
        let (Reply::Read(mut data), _) = rpc(k, pid, &at.chan, request)? else {
            return Err(MOUNT_RPC);
        };
        data.truncate(asked);
        bytes.extend(&data);
        if ends(k, pid, data.len(), asked, count - bytes.len()) {
            return Ok(bytes);
        }
    }
}

fn write_all(k: &mut Kernel, pid: Pid, node: &Node, data: &[u8], to: u64) -> Result<u64> {
    let at = Rc::clone(fid(node)?);
    let mut written = 0;
    loop {
        let asked = piece(&at, data.len() - written);
        let offset = to.wrapping_add(written as u64);
        let data_now = data[written..][..asked].to_vec();
        let request = Request::Write { fid: at.number, offset, data: data_now };
        let (Reply::Write(n), _) = rpc(k, pid, &at.chan, request)? else { return Err(MOUNT_RPC) };
        let n = (n as usize).min(asked);
        written += n;
        if ends(k, pid, n, asked, data.len() - written) {
            return Ok(written as u64);
        }
    }
}

/// A record of a server's as an entry.
pub fn entry(dir: &Dir) -> Entry {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Entry {
        qid: Qid { path: dir.qid.path, vers: dir.qid.version, kind: dir.qid.kind },
        mode: dir.mode,
        atime: dir.atime,
        mtime: dir.mtime,
        length: dir.length,
        name: spelling::text(dir.name),
        uid: text(dir.uid),
        gid: text(dir.gid),
        muid: text(dir.muid),
    }
}

impl Device for Mount {
    fn letter(&self) -> char {
        LETTER
    }

    fn attach(&self, _k: &mut Kernel, _pid: Pid, _spec: &str) -> Result<Node> {
        Err(error("mount/attach disallowed"))
    }

    fn walk(&self, k: &mut Kernel, pid: Pid, from: &Node, name: &str) -> Result<Node> {
        walk(k, pid, from, &[name])?.node.ok_or(NOT_EXIST)
    }

    fn stat(&self, k: &mut Kernel, pid: Pid, node: &Node) -> Result<Entry> {
        let at = Rc::clone(fid(node)?);
        let (Reply::Stat(bytes), _) = rpc(k, pid, &at.chan, Request::Stat { fid: at.number })?
        else {
            return Err(MOUNT_RPC);
        };
        let (dir, _) = Dir::parse(&bytes).ok_or(BAD_STAT)?;
        Ok(entry(&dir))
    }

    /// The whole directory, from its beginning.
    fn entries(&self, k: &mut Kernel, pid: Pid, node: &Node) -> Result<Vec<Entry>> {
        let node = match fid(node)?.iounit.get() {
            Some(_) => node.clone(),
            None => open_own(k, pid, node, open::READ)?,
        };
        let unit = fid(&node)?.iounit.get().unwrap_or(0) as usize;
        let mut entries = Vec::new();
        let mut offset = 0;
        loop {
            let bytes = read_all(k, pid, &node, unit, offset)?;
            if bytes.is_empty() {
                return Ok(entries);
            }
            offset += bytes.len() as u64;
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (dir, behind) = Dir::parse(rest).ok_or(BAD_ENTRY)?;
                entries.push(entry(&dir));
                rest = behind;
            }
        }
    }

    fn open(&self, k: &mut Kernel, pid: Pid, node: &Node, mode: u32) -> Started {
        Started::Done(open_own(k, pid, node, mode).map(Value::File))
    }

    fn create(
        &self,
        k: &mut Kernel,
        pid: Pid,
        dir: &Node,
        name: &str,
        mode: u32,
        perm: u32,
    ) -> Result<Node> {
        let node = own(k, pid, dir)?;
        let at = Rc::clone(fid(&node)?);
        let name = spelling::bytes(name).into_owned();
        let request = Request::Create { fid: at.number, name, perm, mode: mode as u8 };
        match rpc(k, pid, &at.chan, request)?.0 {
            Reply::Create(qid, iounit) => opened(node, qid, iounit),
            _ => Err(MOUNT_RPC),
        }
    }

    fn read(&self, k: &mut Kernel, pid: Pid, node: &Node, count: usize, offset: u64) -> Started {
        Started::Done(read_all(k, pid, node, count, offset).map(Value::Bytes))
    }

    fn write(&self, k: &mut Kernel, pid: Pid, node: &Node, data: &[u8], offset: u64) -> Started {
        Started::Done(write_all(k, pid, node, data, offset).map(Value::Count))
    }

    /// The server forgets the file, whether it removes it or not.
    fn remove(&self, k: &mut Kernel, pid: Pid, node: &Node) -> Result<()> {
        let node = own(k, pid, node)?;
        let at = Rc::clone(fid(&node)?);
        let answer = rpc(k, pid, &at.chan, Request::Remove { fid: at.number });
        super::given_up(k, pid)?;
        at.gone.set(true);
        answer.map(drop)
    }

    fn wstat(&self, k: &mut Kernel, pid: Pid, node: &Node, entry: &Entry) -> Result<()> {
        let at = Rc::clone(fid(node)?);
        let stat = chan::change(entry);
        rpc(k, pid, &at.chan, Request::Wstat { fid: at.number, stat }).map(drop)
    }

    fn iounit(&self, node: &Node) -> u32 {
        node.fid.as_ref().and_then(|fid| fid.iounit.get()).unwrap_or(0)
    }
}
