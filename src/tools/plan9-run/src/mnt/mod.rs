//! Mounts of 9P servers, the mount device (`port/devmnt.c`).
//!
//! A server is a program, so walking, opening and the like must wait for it in the middle of a system call, where the
//! rest of this kernel answers at once. Instead of giving every such place a state to wait in, a call that meets a
//! server is *replayed*: [`rpc`] looks for the answer in a log of the call; if it is not there yet, the call is given up
//! with an error that nobody sees, the message is sent, and when the answer has come the call runs again from its
//! beginning, with one answer more. Devices stay as plain as they are, and every call that takes a name can wait,
//! `exec` and `bind` too.
//!
//! It is sound as long as a call changes nothing but what [`rpc`] logs before its last message: resolving names reads
//! only, descriptors and name spaces change behind the last answer. Two things could change under a call that waits. Its
//! descriptors: those that it has looked at are held, so that it goes on with the same channels. The name space, or the
//! program's memory: then the call asks something else than the log has, and goes its new way from there; what was
//! walked on the old one is clunked.
//!
//! [`fcall`] is the protocol, [`io`] sends a message and shares out the answers, [`clunk`] lets go of files.

pub mod clunk;
pub mod device;
pub mod fcall;
pub mod io;
pub mod version;

use crate::chan::{self, Chan};
use crate::dev::{Error, Operation, Pid, Result, Value, WaitId, error};
use crate::kernel::Kernel;
use clunk::{Clunk, Clunks};
use fcall::{Reply, Request};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// `port/error.h:Emountrpc`
pub const MOUNT_RPC: Error = error("mount rpc error");
/// The call is not over; no program sees it.
const GIVEN_UP: Error = error("waits for a file server");

/// What a channel carries besides bytes: nothing, or 9P.
#[derive(Debug, Default)]
pub struct Mux {
    pub connection: Option<Rc<Connection>>,
    /// A version is being agreed on; who else wants to waits here.
    agreeing: Option<WaitId>,
}

/// A channel on which a version was agreed (`Mnt`).
#[derive(Debug)]
pub struct Connection {
    /// The largest message, in bytes.
    pub msize: u32,
    pub version: String,
    state: RefCell<io::State>,
}

/// A file of a server that somebody holds. The last holder lets go of it on the server too.
#[derive(Debug)]
pub struct Fid {
    pub chan: Chan,
    pub number: u32,
    /// Once opened, the largest count of a read or write.
    pub iounit: Cell<Option<u32>>,
    /// The server has forgotten it: removed.
    gone: Cell<bool>,
    dropped: Rc<RefCell<Vec<Clunk>>>,
}

impl Drop for Fid {
    fn drop(&mut self) {
        let clunk = Clunk {
            chan: self.chan.clone(),
            number: self.number,
            gone: self.gone.get(),
            asked: None,
        };
        self.dropped.borrow_mut().push(clunk);
    }
}

/// An answer, and the file that came into being with it.
type Answer = Result<(Reply, Option<Rc<Fid>>)>;

/// A system call that has met a server.
#[derive(Default)]
struct Call {
    log: Vec<(Request, Answer)>,
    /// How much of the log this run has used.
    used: usize,
    /// What is to be sent before the next run.
    asked: Option<(Chan, Request)>,
    /// The number that a walk or attach under way gives to its file.
    fresh: u32,
    /// Descriptors that the call has looked at, and their channels.
    held: Vec<(i32, Chan)>,
}

/// All mounts of the machine.
#[derive(Default)]
pub struct Mounts {
    calls: HashMap<Pid, Call>,
    /// Descriptors that the call that runs has looked at.
    looked: RefCell<Vec<(i32, Chan)>>,
    dropped: Rc<RefCell<Vec<Clunk>>>,
    workers: Vec<(WaitId, Clunks)>,
    last_fid: u32,
    free_fids: Vec<u32>,
    /// Numbers connections and what is mounted of them (`mntalloc.id`).
    last_device: u32,
}

/// Asks a server, or gives what it answered when the call last came here. An error of the server's is an error.
pub fn rpc(k: &mut Kernel, pid: Pid, chan: &Chan, request: Request) -> Answer {
    let call = k.mounts.calls.entry(pid).or_default();
    if call.asked.is_some() {
        return Err(GIVEN_UP);
    }
    if let Some((logged, answer)) = call.log.get(call.used) {
        if same(logged, &request) {
            call.used += 1;
            return answer.clone();
        }
        call.log.truncate(call.used);
    }
    call.asked = Some((chan.clone(), request));
    Err(GIVEN_UP)
}

/// Whether a call that runs again asks what it asked before. What it writes may have changed meanwhile.
fn same(one: &Request, other: &Request) -> bool {
    match (one, other) {
        (
            Request::Write { fid, offset, data },
            Request::Write { fid: again, offset: to, data: other },
        ) => (fid, offset, data.len()) == (again, to, other.len()),
        _ => one == other,
    }
}

/// Whether the call is to be given up, whatever it makes of the error: it has asked a server.
pub fn given_up(k: &Kernel, pid: Pid) -> Result<()> {
    let asks = k.mounts.calls.get(&pid).is_some_and(|call| call.asked.is_some());
    if asks { Err(GIVEN_UP) } else { Ok(()) }
}

/// Whether the answer that [`rpc`] gave last is one that this run is the first to see.
fn is_new(k: &Kernel, pid: Pid) -> bool {
    k.mounts.calls.get(&pid).is_none_or(|call| call.used == call.log.len())
}

/// Whether a file was walked to by the call that runs, so that nobody else holds it.
fn is_own(k: &Kernel, pid: Pid, fid: &Rc<Fid>) -> bool {
    let Some(call) = k.mounts.calls.get(&pid) else { return false };
    let own = |answer: &Answer| matches!(answer, Ok((_, Some(walked))) if Rc::ptr_eq(walked, fid));
    call.log[..call.used].iter().any(|(_, answer)| own(answer))
}

/// The channel that a call which runs again has held on to.
pub fn held(k: &Kernel, pid: Pid, fd: i32) -> Option<Chan> {
    let call = k.mounts.calls.get(&pid)?;
    call.held.iter().find(|(held, _)| *held == fd).map(|(_, chan)| chan.clone())
}

/// A call looks at a descriptor: should it meet a server, it keeps the channel.
pub fn looked_at(k: &Kernel, fd: i32, chan: &Chan) {
    k.mounts.looked.borrow_mut().push((fd, chan.clone()));
}

/// A run of a call begins.
pub fn begin(k: &mut Kernel, pid: Pid) {
    if let Some(call) = k.mounts.calls.get_mut(&pid) {
        call.used = 0;
    }
}

/// A run of a call is over. If it asked a server, this is what the proc does next, before it runs again.
pub fn asked(k: &mut Kernel, pid: Pid) -> Option<Box<dyn Operation>> {
    let looked = std::mem::take(k.mounts.looked.get_mut());
    let Some((chan, request)) = k.mounts.calls.get_mut(&pid).and_then(|call| call.asked.clone())
    else {
        looked.into_iter().for_each(|(_, chan)| chan::release(k, chan));
        return None;
    };
    let fresh = match request {
        Request::Walk { .. } | Request::Attach { .. } | Request::Auth { .. } => new_fid(k),
        _ => 0,
    };
    if let Some(call) = k.mounts.calls.get_mut(&pid) {
        call.fresh = fresh;
        call.held.extend(looked);
    }
    let sent = match request {
        Request::Version { msize, version } => {
            return Some(Box::new(version::Agree::new(chan, msize, version)));
        }
        Request::Walk { fid, names, .. } => Request::Walk { fid, new: fresh, names },
        Request::Attach { afid, user, tree, .. } => {
            Request::Attach { fid: fresh, afid, user, tree }
        }
        Request::Auth { user, tree, .. } => Request::Auth { afid: fresh, user, tree },
        other => other,
    };
    Some(Box::new(io::Rpc::new(chan, sent)))
}

/// The answer has come, and goes into the log.
pub fn answered(k: &mut Kernel, pid: Pid, value: Result<Value>) {
    let dropped = Rc::clone(&k.mounts.dropped);
    let Some(call) = k.mounts.calls.get_mut(&pid) else { return };
    let Some((chan, request)) = call.asked.take() else { return };
    let number = std::mem::take(&mut call.fresh);
    let whole = match (&request, &value) {
        (Request::Walk { names, .. }, Ok(Value::Reply(Reply::Walk(qids)))) => {
            qids.len() == names.len()
        }
        (Request::Attach { .. } | Request::Auth { .. }, Ok(_)) => true,
        _ => false,
    };
    let fid = whole.then(|| {
        Rc::new(Fid {
            chan: chan.clone(),
            number,
            iounit: Cell::new(None),
            gone: Cell::new(false),
            dropped,
        })
    });
    // A call that was broken off leaves the number with the server, who may have taken it.
    let reusable = fid.is_none() && number != 0 && value != Err(crate::dev::INTERRUPTED);
    let answer = match value {
        Ok(Value::Reply(reply)) => Ok((reply, fid)),
        Ok(_) => Err(MOUNT_RPC),
        Err(why) => Err(why),
    };
    call.log.push((request, answer));
    if reusable {
        k.mounts.free_fids.push(number);
    }
    chan::release(k, chan);
}

/// A call is over: what it held is let go of.
pub fn end(k: &mut Kernel, pid: Pid) {
    let Some(call) = k.mounts.calls.remove(&pid) else { return };
    let Call { log, asked, held, .. } = call;
    drop(log);
    let asked = asked.map(|(chan, _)| chan);
    for chan in held.into_iter().map(|(_, chan)| chan).chain(asked) {
        chan::release(k, chan);
    }
}

fn new_fid(k: &mut Kernel) -> u32 {
    k.mounts.free_fids.pop().unwrap_or_else(|| {
        k.mounts.last_fid += 1;
        k.mounts.last_fid
    })
}

fn new_device(k: &mut Kernel) -> u32 {
    k.mounts.last_device += 1;
    k.mounts.last_device
}
