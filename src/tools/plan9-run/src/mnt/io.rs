//! One message to a server and its answer (`port/devmnt.c:mountio`).
//!
//! Nobody reads a connection but those who wait for answers: one of them at a time is its reader, who hands to each of
//! the others what is theirs, and when it has its own answer another takes its place. A note does not end the wait; it
//! sends a flush, and the call ends when the server has answered that: with the answer, should it have come before, else
//! with `interrupted`.

use super::fcall::{self, Front, Reply, Request};
use super::{Connection, MOUNT_RPC};
use crate::chan::{Chan, spelling};
use crate::dev::{
    Breakable, Error, INTERRUPTED, Node, Operation, Pid, Result, Started, Step, Value, WaitId,
    error,
};
use crate::kernel::Kernel;
use crate::{devices, pipe};
use std::rc::Rc;

/// `port/error.h:Emsize`
const MESSAGE_SIZE: Error = error("message size too small");

/// Who waits on a connection, and what came in of answers.
#[derive(Debug, Default)]
pub struct State {
    bytes: Vec<u8>,
    /// Somebody is reading.
    reader: bool,
    queue: Vec<Pending>,
}

/// A message that was sent.
#[derive(Debug)]
struct Pending {
    tag: u16,
    wait: WaitId,
    reply: Option<Reply>,
}

impl Connection {
    fn enqueue(&self, k: &mut Kernel) -> u16 {
        let mut state = self.state.borrow_mut();
        let taken = |tag| state.queue.iter().any(|pending| pending.tag == tag);
        let tag = (1..fcall::NO_TAG).find(|&tag| !taken(tag)).unwrap_or(fcall::NO_TAG);
        state.queue.push(Pending { tag, wait: k.waits.fresh(), reply: None });
        tag
    }

    fn is_done(&self, tag: u16) -> bool {
        self.state.borrow().queue.iter().any(|p| p.tag == tag && p.reply.is_some())
    }

    /// The reader, who has sent these, stops; another takes its place, the one who came last (`mntgate`).
    fn gate(&self, k: &mut Kernel, own: &[u16]) {
        let mut state = self.state.borrow_mut();
        state.reader = false;
        let waits = |p: &&Pending| p.reply.is_none() && !own.contains(&p.tag);
        if let Some(next) = state.queue.iter().rfind(waits) {
            k.waits.wake(next.wait);
        }
    }

    /// Gives an answer to whom it belongs; one that nobody waits for is dropped.
    fn share_out(&self, k: &mut Kernel, tag: u16, reply: Reply) {
        let mut state = self.state.borrow_mut();
        let whose = state.queue.iter_mut().find(|p| p.tag == tag && p.reply.is_none());
        if let Some(pending) = whose {
            pending.reply = Some(reply);
            k.waits.wake(pending.wait);
        }
    }
}

/// The channel's file, as one that carries messages: a pipe then posts no note when it is closed, and an empty block is
/// taken for the end.
fn carrier(chan: &Chan) -> Node {
    let mut node = chan.node.clone();
    if matches!(node.device.letter, '|' | 'I') {
        node.aux = pipe::MESSAGES;
    }
    node
}

enum At {
    Send,
    Sending(Box<dyn Operation>),
    Waiting,
    Take,
    Reading(Box<dyn Operation>),
}

/// Sends a request and waits for its answer, `Value::Reply`.
pub struct Rpc {
    chan: Chan,
    request: Request,
    /// Tags of what was sent: the request, then a flush of it for each note that came.
    tags: Vec<u16>,
    at: At,
    /// The proc was killed, which is told to the server once.
    killed: bool,
}

impl Rpc {
    pub fn new(chan: Chan, request: Request) -> Rpc {
        Rpc { chan, request, tags: Vec::new(), at: At::Send, killed: false }
    }

    fn connection(&self) -> Option<Rc<Connection>> {
        self.chan.mux.borrow().connection.clone()
    }

    fn is_reader(&self) -> bool {
        matches!(self.at, At::Take | At::Reading(_))
    }

    /// What breaks a wait of this call.
    fn breakable(&self, otherwise: Breakable) -> Breakable {
        if self.killed { Breakable::OnceKilled } else { otherwise }
    }

    /// Takes everything of this call out of the queue; gives the answer to the request, if there is one.
    fn leave(&mut self, k: &mut Kernel, connection: &Connection) -> Option<Reply> {
        if self.is_reader() {
            connection.gate(k, &self.tags);
        }
        self.at = At::Waiting;
        let mut state = connection.state.borrow_mut();
        let first = self.tags.first().copied();
        let answer = state.queue.iter_mut().find(|p| Some(p.tag) == first);
        let answer = answer.and_then(|pending| pending.reply.take());
        state.queue.retain(|pending| !self.tags.contains(&pending.tag));
        self.tags.clear();
        answer
    }

    fn fail(&mut self, k: &mut Kernel, connection: &Connection, why: Error) -> Step {
        self.leave(k, connection);
        Step::Done(Err(why))
    }

    /// What the answer comes to (`mountrpc`).
    fn answer(&mut self, k: &mut Kernel, connection: &Connection) -> Step {
        Step::Done(match self.leave(k, connection) {
            None => Err(INTERRUPTED),
            Some(Reply::Error(text)) => Err(Error(spelling::text(&text).into())),
            Some(reply) if self.request.is_answered_by(&reply) => Ok(Value::Reply(reply)),
            Some(_) => Err(MOUNT_RPC),
        })
    }

    fn send(&mut self, k: &mut Kernel, pid: Pid, connection: &Connection) -> Result<Started> {
        let tag = connection.enqueue(k);
        let message = match self.tags.first() {
            None => self.request.encode(tag),
            Some(&old) => Request::Flush { old }.encode(tag),
        };
        self.tags.push(tag);
        if message.len() > connection.msize as usize {
            return Err(MESSAGE_SIZE);
        }
        let node = carrier(&self.chan);
        Ok(devices::of(&node)?.write(k, pid, &node, &message, 0))
    }

    fn read(&self, k: &mut Kernel, pid: Pid, connection: &Connection) -> Result<Started> {
        let node = carrier(&self.chan);
        Ok(devices::of(&node)?.read(k, pid, &node, connection.msize as usize, 0))
    }
}

impl Operation for Rpc {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        let Some(connection) = self.connection() else { return Step::Done(Err(MOUNT_RPC)) };
        loop {
            match &mut self.at {
                At::Send => match self.send(k, pid, &connection) {
                    Ok(Started::Blocked(operation)) => self.at = At::Sending(operation),
                    Ok(Started::Done(Ok(_))) => self.at = At::Waiting,
                    Ok(Started::Done(Err(why))) | Err(why) => {
                        return self.fail(k, &connection, why);
                    }
                },
                At::Sending(operation) => match operation.step(k, pid) {
                    Step::Wait(id, breakable) => return Step::Wait(id, self.breakable(breakable)),
                    Step::Done(Ok(_)) => self.at = At::Waiting,
                    Step::Done(Err(why)) => return self.fail(k, &connection, why),
                },
                At::Waiting => {
                    let newest = self.tags.last().copied().unwrap_or(fcall::NO_TAG);
                    if connection.is_done(newest) {
                        return self.answer(k, &connection);
                    }
                    let mut state = connection.state.borrow_mut();
                    if state.reader
                        && let Some(own) = state.queue.iter().find(|p| p.tag == newest)
                    {
                        return Step::Wait(own.wait, self.breakable(Breakable::ByNotes));
                    }
                    state.reader = true;
                    drop(state);
                    self.at = At::Take;
                }
                At::Take => {
                    let newest = self.tags.last().copied().unwrap_or(fcall::NO_TAG);
                    let mut state = connection.state.borrow_mut();
                    let front = fcall::take(&mut state.bytes, connection.msize);
                    drop(state);
                    match front {
                        Front::Message(tag, reply) => {
                            connection.share_out(k, tag, reply);
                            if connection.is_done(newest) {
                                return self.answer(k, &connection);
                            }
                        }
                        Front::Garbage => return self.fail(k, &connection, MOUNT_RPC),
                        Front::Partial => match self.read(k, pid, &connection) {
                            Ok(Started::Blocked(operation)) => self.at = At::Reading(operation),
                            Ok(Started::Done(got)) => {
                                if let Err(why) = came(&connection, got) {
                                    return self.fail(k, &connection, why);
                                }
                            }
                            Err(why) => return self.fail(k, &connection, why),
                        },
                    }
                }
                At::Reading(operation) => match operation.step(k, pid) {
                    Step::Wait(id, breakable) => return Step::Wait(id, self.breakable(breakable)),
                    Step::Done(got) => {
                        if let Err(why) = came(&connection, got) {
                            return self.fail(k, &connection, why);
                        }
                        self.at = At::Take;
                    }
                },
            }
        }
    }

    fn goes_on(&mut self, k: &mut Kernel, pid: Pid) -> bool {
        let Some(connection) = self.connection() else { return false };
        if let At::Sending(operation) | At::Reading(operation) = &mut self.at {
            let _ = operation.interrupted(k, pid);
        }
        if self.is_reader() {
            connection.gate(k, &self.tags);
        }
        self.killed |= k.proc(pid).is_some_and(|proc| proc.kill_asked);
        self.at = At::Send;
        true
    }

    /// The proc is gone; an answer that still comes is nobody's.
    fn interrupted(&mut self, k: &mut Kernel, pid: Pid) -> Result<Value> {
        if let At::Sending(operation) | At::Reading(operation) = &mut self.at {
            let _ = operation.interrupted(k, pid);
        }
        if let Some(connection) = self.connection() {
            self.leave(k, &connection);
        }
        Err(INTERRUPTED)
    }
}

/// Bytes of a server; none at all are its end.
fn came(connection: &Connection, got: Result<Value>) -> Result<()> {
    match got? {
        Value::Bytes(bytes) if !bytes.is_empty() => {
            connection.state.borrow_mut().bytes.extend(bytes);
            Ok(())
        }
        _ => Err(MOUNT_RPC),
    }
}
