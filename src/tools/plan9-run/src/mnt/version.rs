//! Agreeing with a server on a version (`port/devmnt.c:mntversion`), which makes a channel a connection.
//!
//! It is one plain write and as many reads as the answer takes, so a note ends it as it would end those.

use super::fcall::{IO_HEADER, NO_TAG, Reply, Request};
use super::io::State;
use super::{Connection, new_device};
use crate::chan::{Chan, spelling};
use crate::dev::{
    Breakable, Error, INTERRUPTED, Operation, Pid, Result, Started, Step, Value, error,
};
use crate::devices;
use crate::kernel::Kernel;
use std::cell::RefCell;
use std::rc::Rc;

/// `VERSION9P`
pub const VERSION: &str = "9P2000";
/// The largest message that is asked for (`MAXRPC`).
const MAX_MESSAGE: u32 = IO_HEADER + 32_768;
/// Room for an answer (`MAXRPC0`).
const ROOM: usize = IO_HEADER as usize + 8_192;
const SIZES: std::ops::RangeInclusive<u32> = 256..=1024 * 1024;

/// The largest message to ask for on a channel: what the caller wants, 0 for the most, and what the channel takes whole.
pub fn message_size(chan: &Chan, wanted: u32) -> Result<u32> {
    let unit = devices::of(&chan.node)?.iounit(&chan.node);
    let wanted = if wanted == 0 { MAX_MESSAGE } else { wanted };
    Ok(if unit == 0 { wanted } else { wanted.min(unit) })
}

/// What is wrong with a version on a channel where another was agreed.
pub fn compatible(connection: &Connection, version: &str) -> Result<()> {
    if version.starts_with(&connection.version) {
        return Ok(());
    }
    Err(Error(format!("incompatible 9P versions {} {version}", connection.version).into()))
}

enum At {
    Start,
    Sending(Box<dyn Operation>),
    Read,
    Reading(Box<dyn Operation>),
}

/// Asks for a version. Gives the server's answer.
pub struct Agree {
    chan: Chan,
    msize: u32,
    version: String,
    answer: Vec<u8>,
    sent: usize,
    at: At,
    /// It is this one that the others wait for.
    first: bool,
}

impl Agree {
    pub fn new(chan: Chan, msize: u32, version: String) -> Agree {
        Agree { chan, msize, version, answer: Vec::new(), sent: 0, at: At::Start, first: false }
    }

    /// Whether the answer is whole, or as long as can be.
    fn is_whole(&self) -> bool {
        let size = self.answer.first_chunk().map(|size| u32::from_le_bytes(*size) as usize);
        size.is_some_and(|size| self.answer.len() >= size.min(ROOM))
    }

    fn check(&self, k: &mut Kernel) -> Result<Value> {
        let (_, reply) =
            Reply::parse(&self.answer).ok_or(error("bad fversion conversion on reply"))?;
        let (msize, version) = match reply {
            Reply::Version { msize, version } => (msize, version),
            Reply::Error(text) => return Err(Error(spelling::text(&text).into())),
            _ => return Err(error("unexpected reply type in fversion")),
        };
        if msize > self.msize {
            return Err(error("server tries to increase msize in fversion"));
        }
        if !SIZES.contains(&msize) {
            return Err(error("nonsense value of msize in fversion"));
        }
        if !self.version.as_bytes().starts_with(&version) {
            return Err(error("bad 9P version returned from server"));
        }
        new_device(k);
        let connection = Connection {
            msize,
            version: String::from_utf8_lossy(&version).into_owned(),
            state: RefCell::new(State::default()),
        };
        self.chan.mux.borrow_mut().connection = Some(Rc::new(connection));
        Ok(Value::Reply(Reply::Version { msize, version }))
    }

    fn moved(&self, n: usize) {
        self.chan.offset.set(self.chan.offset.get() + n as u64);
    }

    fn start(&mut self, k: &mut Kernel, pid: Pid) -> Result<Started> {
        let request = Request::Version { msize: self.msize, version: self.version.clone() };
        let message = request.encode(NO_TAG);
        self.sent = message.len();
        if self.sent > ROOM {
            return Err(error("bad fversion conversion on send"));
        }
        let node = &self.chan.node;
        Ok(devices::of(node)?.write(k, pid, node, &message, self.chan.offset.get()))
    }

    fn was_sent(&mut self, value: Value) -> Result<()> {
        if !matches!(value, Value::Count(n) if n as usize >= self.sent) {
            return Err(error("short write in fversion"));
        }
        self.moved(self.sent);
        self.at = At::Read;
        Ok(())
    }

    fn came(&mut self, value: Value) -> Result<()> {
        match value {
            Value::Bytes(bytes) if !bytes.is_empty() => {
                self.moved(bytes.len());
                self.answer.extend(bytes);
                self.at = At::Read;
                Ok(())
            }
            _ => Err(error("EOF receiving fversion reply")),
        }
    }

    /// Goes as far as it can: the result, or what to wait on.
    fn go(&mut self, k: &mut Kernel, pid: Pid) -> Result<Step> {
        loop {
            let whole = self.is_whole();
            match &mut self.at {
                At::Start => match self.start(k, pid)? {
                    Started::Blocked(operation) => self.at = At::Sending(operation),
                    Started::Done(value) => self.was_sent(value?)?,
                },
                At::Sending(operation) => match operation.step(k, pid) {
                    Step::Done(value) => self.was_sent(value?)?,
                    wait @ Step::Wait(..) => return Ok(wait),
                },
                At::Read if whole => return self.check(k).map(|value| Step::Done(Ok(value))),
                At::Read => {
                    let (node, room) = (&self.chan.node, ROOM - self.answer.len());
                    let from = self.chan.offset.get();
                    match devices::of(node)?.read(k, pid, node, room, from) {
                        Started::Blocked(operation) => self.at = At::Reading(operation),
                        Started::Done(value) => self.came(value?)?,
                    }
                }
                At::Reading(operation) => match operation.step(k, pid) {
                    Step::Done(value) => self.came(value?)?,
                    wait @ Step::Wait(..) => return Ok(wait),
                },
            }
        }
    }

    fn end(&mut self, k: &mut Kernel) {
        if let Some(wait) = self.chan.mux.borrow_mut().agreeing.take_if(|_| self.first) {
            k.waits.wake(wait);
        }
    }
}

impl Operation for Agree {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        if !self.first {
            let mut mux = self.chan.mux.borrow_mut();
            if let Some(wait) = mux.agreeing {
                return Step::Wait(wait, Breakable::ByNotes);
            }
            if let Some(connection) = &mux.connection {
                let agreed = compatible(connection, &self.version).map(|()| {
                    let version = connection.version.clone().into_bytes();
                    Value::Reply(Reply::Version { msize: connection.msize, version })
                });
                return Step::Done(agreed);
            }
            mux.agreeing = Some(k.waits.fresh());
            self.first = true;
        }
        let step = self.go(k, pid).unwrap_or_else(|why| Step::Done(Err(why)));
        if let Step::Done(_) = step {
            self.end(k);
        }
        step
    }

    fn interrupted(&mut self, k: &mut Kernel, pid: Pid) -> Result<Value> {
        if let At::Sending(operation) | At::Reading(operation) = &mut self.at {
            let _ = operation.interrupted(k, pid);
        }
        self.end(k);
        Err(INTERRUPTED)
    }
}
