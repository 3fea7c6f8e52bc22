//! The contracts between the parts of the embedded kernel: what a device answers, how a call blocks, who is woken.
//!
//! One thread runs the whole kernel, so nothing here is locked. A system call that cannot finish at once becomes an
//! [`Operation`] that is stepped again each time what it waits on is woken; the proc it belongs to stands still
//! meanwhile. That is the shape of `sleep` and `wakeup` in `port/proc.c` without a stack for each proc, and it keeps
//! the kernel's rule about notes in one place: an operation that would wait interruptibly while a note is pending
//! fails with `interrupted`, and one that need not wait never looks (`port/proc.c:sleep`).

use crate::kernel::Kernel;
use crate::mnt::Fid;
use crate::mnt::fcall::Reply;
use std::borrow::Cow;
use std::rc::Rc;

/// A Plan 9 process id.
pub type Pid = u32;

/// A kernel error string, as `errstr` will give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(pub Cow<'static, str>);

pub type Result<T> = std::result::Result<T, Error>;

/// An error with a fixed text.
pub const fn error(text: &'static str) -> Error {
    Error(Cow::Borrowed(text))
}

impl Error {
    /// The text without the name that it is about.
    pub fn without_name(self) -> Error {
        match self.0.split_once(": '") {
            Some((text, _)) => Error(text.to_string().into()),
            None => self,
        }
    }
}

/// The text of a broken wait (`port/error.h:Eintr`).
pub const INTERRUPTED: Error = error("interrupted");

/// What procs wait on: a queue with data, a queue with room, a conversation that connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WaitId(pub u64);

/// Hands out [`WaitId`]s and remembers which were woken since the kernel last looked.
#[derive(Default)]
pub struct Waits {
    last: u64,
    woken: Vec<WaitId>,
}

impl Waits {
    /// A new thing to wait on.
    pub fn fresh(&mut self) -> WaitId {
        self.last += 1;
        WaitId(self.last)
    }

    /// Every operation that waits on `id` will be stepped again, in the order in which they began to wait.
    pub fn wake(&mut self, id: WaitId) {
        if !self.woken.contains(&id) {
            self.woken.push(id);
        }
    }

    /// Takes what was woken since the last call.
    pub fn take(&mut self) -> Vec<WaitId> {
        std::mem::take(&mut self.woken)
    }
}

/// Whether a note breaks a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breakable {
    /// `sleep` and eqlock: a note ends it with `interrupted`.
    ByNotes,
    /// `rendezvous`: a note ends it, but one that was there before does not.
    OnceAsleep,
    /// A bloated queue: a note is swallowed, and breaks no later wait of the call either; only ctl `kill` ends it.
    Swallows,
    /// A wait for a file server, which has been told that the proc was killed: nothing breaks it any more.
    OnceKilled,
    /// A plain qlock: a note waits for the next wait that it breaks; only ctl `kill` ends it.
    No,
}

/// What an operation gives.
#[derive(Debug, PartialEq)]
pub enum Value {
    Count(u64),
    Bytes(Vec<u8>),
    /// An opened or created file.
    File(Node),
    /// A file server's.
    Reply(Reply),
}

/// How far an operation got.
pub enum Step {
    Done(Result<Value>),
    Wait(WaitId, Breakable),
}

/// A system call, or the part of it that a device does, that may have to wait.
pub trait Operation {
    /// Tries again. Called first when the operation starts, then each time its `WaitId` is woken.
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step;

    /// A note came, or ctl `interrupt` or `kill`. True if the wait goes on in another way, with the next step.
    fn goes_on(&mut self, _k: &mut Kernel, _pid: Pid) -> bool {
        false
    }

    /// The wait was broken (note, ctl `interrupt`, or death of the proc): gives up its place in whatever it waits on.
    /// The result is that of the system call; most give `Err(INTERRUPTED)`.
    fn interrupted(&mut self, _k: &mut Kernel, _pid: Pid) -> Result<Value> {
        Err(INTERRUPTED)
    }
}

/// A device's answer to a call.
pub enum Started {
    Done(Result<Value>),
    Blocked(Box<dyn Operation>),
}

/// Which device of the table (`#c` is console, `#I` ip, ...), and which instance of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceId {
    pub letter: char,
    pub instance: u32,
}

/// `qid.type` bits, as in `Dir`.
pub const QTDIR: u8 = 0x80;
pub const QTAPPEND: u8 = 0x40;
pub const QTEXCL: u8 = 0x20;
pub const QTFILE: u8 = 0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Qid {
    pub path: u64,
    pub vers: u32,
    pub kind: u8,
}

/// A file of a device: what a channel points at once names are resolved.
#[derive(Clone, Debug)]
pub struct Node {
    pub device: DeviceId,
    pub qid: Qid,
    /// The device's own, set by `walk` or `open` (a host file's number, an open's private state). Kept with the channel.
    pub aux: u64,
    /// The server's file, if it is a 9P server that has it.
    pub fid: Option<Rc<Fid>>,
}

/// Whether they are the same file, whoever holds it and whatever its version (`port/chan.c:eqchan`).
impl PartialEq for Node {
    fn eq(&self, other: &Node) -> bool {
        let key = |node: &Node| (node.device, node.qid.path, node.qid.kind, node.aux);
        key(self) == key(other)
    }
}

/// A directory entry or the answer to `stat`, before it is marshalled (`plan9_abi::dir`).
#[derive(Clone, Debug)]
pub struct Entry {
    pub qid: Qid,
    pub mode: u32,
    pub atime: u32,
    pub mtime: u32,
    pub length: u64,
    pub name: String,
    pub uid: String,
    pub gid: String,
    pub muid: String,
}

/// A kernel device. Implementors are unit structs; what they keep lives in fields of [`Kernel`].
pub trait Device: Sync {
    fn letter(&self) -> char;

    /// The root of the tree (`#I0`: spec `0`).
    fn attach(&self, k: &mut Kernel, pid: Pid, spec: &str) -> Result<Node>;

    /// One name down from a directory; `..` never arrives here, the channel layer resolves it by path.
    fn walk(&self, k: &mut Kernel, pid: Pid, from: &Node, name: &str) -> Result<Node>;

    /// Asked before the channel layer goes to the parent: a directory that was removed has none.
    fn leave(&self, _k: &mut Kernel, _node: &Node) -> Result<()> {
        Ok(())
    }

    fn stat(&self, k: &mut Kernel, pid: Pid, node: &Node) -> Result<Entry>;

    /// The entries of a directory, in order. The channel layer packs whole records for reads.
    fn entries(&self, k: &mut Kernel, pid: Pid, node: &Node) -> Result<Vec<Entry>>;

    /// Gives `Value::File`: the node the channel gets (a clone file gives another one than it was asked for).
    fn open(&self, k: &mut Kernel, pid: Pid, node: &Node, mode: u32) -> Started;

    fn create(
        &self,
        _k: &mut Kernel,
        _pid: Pid,
        _dir: &Node,
        _name: &str,
        _mode: u32,
        _perm: u32,
    ) -> Result<Node> {
        Err(error("permission denied"))
    }

    /// Gives `Value::Bytes`. Never called on directories. `offset` is the channel's or the caller's.
    fn read(&self, k: &mut Kernel, pid: Pid, node: &Node, count: usize, offset: u64) -> Started;

    /// Gives `Value::Count`.
    fn write(&self, k: &mut Kernel, pid: Pid, node: &Node, data: &[u8], offset: u64) -> Started;

    /// The last reference to an opened channel is gone.
    fn close(&self, _k: &mut Kernel, _node: &Node) {}

    fn remove(&self, _k: &mut Kernel, _pid: Pid, _node: &Node) -> Result<()> {
        Err(error("permission denied"))
    }

    /// `entry` as the program sent it: all-ones integers and empty strings mean "leave".
    fn wstat(&self, _k: &mut Kernel, _pid: Pid, _node: &Node, _entry: &Entry) -> Result<()> {
        Err(error("permission denied"))
    }

    /// Largest message of an opened file, 0 for none (`/fd/Nctl`).
    fn iounit(&self, _node: &Node) -> u32 {
        0
    }
}
