//! Channels, descriptors and the groups that procs share (`port/chan.c`, `port/pgrp.c`).
//!
//! A channel is an opened file. Descriptors hold it, and so does a call that waits on it: closing a descriptor wakes
//! nobody, the file is closed when the last holder lets go. Descriptor tables, namespaces and environments are shared
//! or copied by rfork; the working directory belongs to one proc.

mod calls;
mod directory;
mod fds;
mod io;
mod mount;
mod name;
mod namespace;
mod opening;
mod path;
pub(crate) mod spelling;
mod stat;
#[cfg(test)]
mod tests;

pub use calls::syscall;
pub use fds::{Descriptor, Table};
pub use namespace::Namespace;

use crate::dev::{Entry, Error, Node, Pid, Result, Started, Step, Value, WaitId, error};
use crate::devices;
use crate::devices::env::Environments;
use crate::devices::srv::Posted;
use crate::kernel::Kernel;
use crate::mnt::Mux;
use plan9_abi::flags::{bind, open, rfork};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::os::fd::RawFd;
use std::rc::Rc;

/// `port/error.h:Ebadfd`
pub const BAD_FD: Error = error("fd out of range or not open");
/// `port/error.h:Ebadusefd`
pub const BAD_USE: Error = error("inappropriate use of fd");
/// Devices that a namespace under RFNOMNT may still name.
const ALLOWED_WITHOUT_MOUNT: &str = "|decp";

/// An opened file.
#[derive(Debug)]
pub struct Channel {
    pub node: Node,
    /// Members of a union directory, the first of which is `node`.
    pub members: Vec<Node>,
    /// Lexical, fixed at open (`fd2path`).
    pub path: String,
    pub mode: u32,
    pub offset: Cell<u64>,
    /// The records of a directory being read, and how many were given.
    pub directory: RefCell<Option<(Vec<Vec<u8>>, usize)>>,
    /// The 9P server behind it, once the kernel has agreed with it on a version.
    pub mux: RefCell<Mux>,
}

/// A channel with all its holders.
pub type Chan = Rc<Channel>;

impl Channel {
    pub fn is_directory(&self) -> bool {
        self.node.qid.kind & crate::dev::QTDIR != 0
    }

    fn readable(&self) -> bool {
        matches!(self.mode & 3, open::READ | open::RDWR | open::EXEC)
    }

    fn writable(&self) -> bool {
        matches!(self.mode & 3, open::WRITE | open::RDWR)
    }
}

/// What one proc shares with others, and its working directory.
#[derive(Clone)]
pub struct Groups {
    pub fds: Rc<RefCell<Table>>,
    pub namespace: Rc<RefCell<Namespace>>,
    /// A group of [`Environments`].
    pub environment: u32,
    /// The working directory's name.
    pub dot: String,
    /// The working directory itself, once the proc went there by chdir.
    pub dot_node: Option<Node>,
}

/// Descriptor tables, namespaces and environment groups of all procs.
#[derive(Default)]
pub struct Files {
    pub groups: HashMap<Pid, Groups>,
    pub environments: Environments,
    pub posted: Vec<Posted>,
    /// Host descriptors that operations wait to read.
    pub wanted: Vec<(RawFd, WaitId)>,
    /// The name of the file that [`open_node`] opened for the device that is opening one of its own.
    handed: Option<String>,
    pub host: devices::host::HostFiles,
    pub ram: devices::ram::Tree,
}

impl Files {
    /// The host descriptors to poll.
    pub fn host_fds(&self) -> Vec<RawFd> {
        self.wanted.iter().map(|&(fd, _)| fd).collect()
    }
}

/// Host descriptors became readable: wakes who waits for them.
pub fn host_ready(k: &mut Kernel, ready: &[RawFd]) {
    for (fd, wait) in std::mem::take(&mut k.files.wanted) {
        if ready.contains(&fd) {
            k.waits.wake(wait);
        } else {
            k.files.wanted.push((fd, wait));
        }
    }
}

/// What is done with a device's answer once there is one: bytes copied to the program, a descriptor installed. Gives the
/// system call's result.
pub type Finish = Box<dyn FnOnce(&mut Kernel, Pid, Result<Value>) -> Result<i64>>;

/// A file system call under way.
pub struct Call {
    pub started: Started,
    pub finish: Finish,
}

/// Groups of the first proc: descriptors 0, 1 and 2 are the host's, the namespace is that of a fresh machine, and what was
/// asked for is bound in it.
pub fn boot(k: &mut Kernel, pid: Pid) -> Result<()> {
    k.files.environments.configure();
    let environment = k.files.environments.seed(&k.options.user, &k.options.variables);
    let dot = std::env::current_dir().ok();
    let dot = dot.as_ref().and_then(|dot| dot.strip_prefix(&k.options.root).ok());
    let dot = dot.map_or("/".to_string(), |dot| format!("/{}", dot.display()));
    let mut table = Table::default();
    for fd in 0..3 {
        let node = devices::stdio::stdio_node(fd);
        let mode = if fd == 0 { open::READ } else { open::WRITE };
        let chan = new_channel(vec![node], devices::stdio::path(&k.options.root, fd), mode);
        table.set(fd as usize, chan);
    }
    let configuration = devices::find('e').ok_or(error("no environment"))?.attach(k, pid, "c")?;
    let mut namespace = Namespace::fresh(configuration);
    if let Some(at) = &k.options.ramfs {
        namespace.serve_ram(at);
    }
    let namespace = Rc::new(RefCell::new(namespace));
    let fds = Rc::new(RefCell::new(table));
    k.files.groups.insert(pid, Groups { fds, namespace, environment, dot, dot_node: None });
    for (new, old) in k.options.binds.clone() {
        namespace::bind(k, pid, &new, &old, bind::BEFORE)
            .map_err(|why| Error(format!("cannot bind {new} before {old}: {}", why.0).into()))?;
    }
    Ok(())
}

fn new_channel(members: Vec<Node>, path: String, mode: u32) -> Chan {
    Rc::new(Channel {
        node: members[0].clone(),
        members,
        path,
        mode,
        offset: Cell::new(0),
        directory: RefCell::new(None),
        mux: RefCell::default(),
    })
}

/// Lets go of a channel; the last holder closes the file.
pub fn release(k: &mut Kernel, chan: Chan) {
    if let Ok(channel) = Rc::try_unwrap(chan) {
        // A file server has been told at the open.
        if channel.mode & open::RCLOSE != 0
            && channel.node.fid.is_none()
            && let Ok(device) = devices::of(&channel.node)
        {
            let _ = device.remove(k, 0, &channel.node);
        }
        if let Ok(device) = devices::of(&channel.node) {
            device.close(k, &channel.node);
        }
    }
}

fn release_table(k: &mut Kernel, table: Rc<RefCell<Table>>) {
    if let Ok(table) = Rc::try_unwrap(table) {
        for chan in table.into_inner().into_chans() {
            release(k, chan);
        }
    }
}

/// Shares or copies groups for a child, or for `pid` itself without RFPROC (`port/sysproc.c:sysrfork`).
pub fn fork_groups(k: &mut Kernel, parent: Pid, child: Pid, flags: u64) {
    let flags = flags as u32;
    let Some(groups) = k.files.groups.get(&parent).cloned() else { return };
    let Groups { mut fds, mut namespace, mut environment, dot, dot_node } = groups;
    if flags & rfork::CFDG != 0 {
        fds = Rc::default();
    } else if flags & rfork::FDG != 0 {
        let copy = fds.borrow().clone();
        fds = Rc::new(RefCell::new(copy));
    }
    if flags & rfork::CNAMEG != 0 {
        namespace = Rc::new(RefCell::new(Namespace::empty()));
    } else if flags & rfork::NAMEG != 0 {
        let copy = namespace.borrow().clone();
        namespace = Rc::new(RefCell::new(copy));
    }
    if flags & rfork::NOMNT != 0 {
        namespace.borrow_mut().allowed = Some(ALLOWED_WITHOUT_MOUNT);
    }
    let environments = &mut k.files.environments;
    environment = match flags & (rfork::ENVG | rfork::CENVG) {
        0 => environments.share(environment),
        rfork::ENVG => environments.copy(environment),
        _ => environments.empty(),
    };
    let groups = Groups { fds, namespace, environment, dot, dot_node };
    if let Some(old) = k.files.groups.insert(child, groups) {
        k.files.environments.release(old.environment);
        release_table(k, old.fds);
    }
}

/// Closes the descriptors marked OCEXEC.
pub fn exec_close(k: &mut Kernel, pid: Pid) {
    let Some(groups) = k.files.groups.get(&pid) else { return };
    let closed = groups.fds.borrow_mut().take_on_exec();
    for chan in closed {
        release(k, chan);
    }
}

/// Gives up a dead proc's groups.
pub fn exit(k: &mut Kernel, pid: Pid) {
    if let Some(groups) = k.files.groups.remove(&pid) {
        k.files.environments.release(groups.environment);
        release_table(k, groups.fds);
    }
}

/// Opens `path` with OEXEC and reads the start of the file, for exec: until there are as many bytes as `enough` says of
/// those that were read. Gives them and the file's name.
pub fn load(
    k: &mut Kernel,
    pid: Pid,
    path: &str,
    enough: fn(&[u8]) -> u64,
) -> Result<(Vec<u8>, String)> {
    const PART: usize = 1 << 20;
    let (chan, device) = opening::open_now(k, pid, path, open::EXEC)?;
    let mut file = Vec::new();
    let result = loop {
        if enough(&file) <= file.len() as u64 {
            break Ok((file, chan.path.clone()));
        }
        match device.read(k, pid, &chan.node, PART, file.len() as u64) {
            Started::Done(Ok(Value::Bytes(part))) if part.is_empty() => {
                break Ok((file, chan.path.clone()));
            }
            Started::Done(Ok(Value::Bytes(part))) => file.extend(part),
            Started::Done(Err(why)) => break Err(why),
            _ => break Err(error("exec header invalid")),
        }
    };
    release(k, chan);
    result
}

/// Opens a file for a device that hands it out as one of its own; the channel keeps the name by which it is opened here.
pub fn open_node(k: &mut Kernel, pid: Pid, path: &str, how: u32) -> Result<Node> {
    let (chan, _) = opening::open_now(k, pid, path, how)?;
    k.files.handed = Some(chan.path.clone());
    Ok(Rc::try_unwrap(chan).map(|channel| channel.node).unwrap_or_else(|chan| chan.node.clone()))
}

/// The kernel's own message to a proc, on its descriptor 2.
pub fn kernel_print(k: &mut Kernel, pid: Pid, text: &[u8]) {
    let groups = k.files.groups.get(&pid);
    let chan = groups.and_then(|groups| groups.fds.borrow().get(2));
    // A file server is not waited for here.
    let usable = |chan: &Chan| chan.writable() && chan.node.fid.is_none();
    let Some(chan) = chan.filter(usable) else { return };
    if let Ok(device) = devices::of(&chan.node)
        && let Started::Blocked(mut operation) =
            device.write(k, pid, &chan.node, text, chan.offset.get())
        && let Step::Wait(..) = operation.step(k, pid)
    {
        // What is taken is taken; the kernel does not wait for room on a dying proc's behalf.
        let _ = operation.interrupted(k, pid);
    }
    release(k, chan);
}

/// An entry as its marshalled record.
pub fn record(node: &Node, entry: &Entry) -> Vec<u8> {
    marshalled(node.device.letter as u16, node.device.instance, entry)
}

/// An entry as what a wstat asks of a file server, who is not told where its files are mounted.
pub fn change(entry: &Entry) -> Vec<u8> {
    marshalled(u16::MAX, u32::MAX, entry)
}

fn marshalled(device_type: u16, device: u32, entry: &Entry) -> Vec<u8> {
    let name = spelling::bytes(&entry.name);
    let dir = plan9_abi::dir::Dir {
        device_type,
        device,
        qid: plan9_abi::dir::Qid {
            kind: entry.qid.kind,
            version: entry.qid.vers,
            path: entry.qid.path,
        },
        mode: entry.mode,
        atime: entry.atime,
        mtime: entry.mtime,
        length: entry.length,
        name: &name,
        uid: entry.uid.as_bytes(),
        gid: entry.gid.as_bytes(),
        muid: entry.muid.as_bytes(),
    };
    let mut bytes = vec![0; dir.size()];
    let n = dir.write(&mut bytes).unwrap_or(0);
    bytes.truncate(n);
    bytes
}
