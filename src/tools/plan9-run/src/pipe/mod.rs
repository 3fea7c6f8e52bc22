//! Pipes, device `#|` (`port/devpipe.c`).

use crate::dev::{Device, DeviceId, Entry, Node, Pid, QTDIR, Qid, Result, Started, Value, error};
use crate::kernel::{Kernel, NoteKind};
use crate::qio::{HUNGUP, Owner, Queue, QueueRef, Read, Write};
use std::collections::HashMap;
use std::rc::Rc;

struct Pipe {
    /// What end `n` reads.
    queues: [QueueRef; 2],
    /// Opened channels of each end.
    opens: [usize; 2],
}

/// All pipes of the machine.
#[derive(Default)]
pub struct Pipes {
    pipes: HashMap<u32, Pipe>,
    last: u32,
}

/// The device.
pub struct PipeDevice;

fn make(k: &mut Kernel) -> u32 {
    let limit = u64::from(plan9_abi::queue::PIPE_LIMIT);
    let queues = [0, 1].map(|_| Queue::new(&mut k.waits, limit, false));
    k.pipes.last += 1;
    k.pipes.pipes.insert(k.pipes.last, Pipe { queues, opens: [0, 0] });
    k.pipes.last
}

/// The directory is 0, `data` 1, `data1` 2.
fn node(instance: u32, path: u64) -> Node {
    let kind = if path == 0 { QTDIR } else { 0 };
    Node {
        device: DeviceId { letter: '|', instance },
        qid: Qid { path, vers: 0, kind },
        aux: 0,
        fid: None,
    }
}

/// The two ends of a new pipe, opened.
pub fn new_pair(k: &mut Kernel) -> (Node, Node) {
    let instance = make(k);
    if let Some(pipe) = k.pipes.pipes.get_mut(&instance) {
        pipe.opens = [1, 1];
    }
    (node(instance, 1), node(instance, 2))
}

fn queues(k: &Kernel, node: &Node) -> Result<(QueueRef, QueueRef)> {
    let pipe = k.pipes.pipes.get(&node.device.instance).ok_or(HUNGUP)?;
    let end = (node.qid.path as usize).saturating_sub(1) & 1;
    Ok((Rc::clone(&pipe.queues[end]), Rc::clone(&pipe.queues[1 - end])))
}

/// What `aux` of the file of a pipe or a conversation is where the kernel itself speaks 9P through it (`CMSG`).
pub const MESSAGES: u64 = 1;

/// The writing end's view.
struct End {
    to: QueueRef,
    /// A failure is a file server's, not the program's.
    messages: bool,
}

impl Owner for End {
    fn accept(&self, k: &mut Kernel, data: &[u8]) -> Result<Option<(QueueRef, u64)>> {
        let position = self.to.borrow_mut().append(&mut k.waits, data);
        Ok(Some((Rc::clone(&self.to), position)))
    }

    /// Whatever ended the write, an interrupt too.
    fn write_failed(&self, k: &mut Kernel, pid: Pid) {
        if !self.messages {
            let _ = k.post_note(pid, plan9_abi::note::WRITE_ON_CLOSED_PIPE, NoteKind::User);
        }
    }
}

impl Device for PipeDevice {
    fn letter(&self) -> char {
        '|'
    }

    /// Each attach is a pipe of its own.
    fn attach(&self, k: &mut Kernel, _pid: Pid, _spec: &str) -> Result<Node> {
        let instance = make(k);
        Ok(node(instance, 0))
    }

    fn walk(&self, _k: &mut Kernel, _pid: Pid, from: &Node, name: &str) -> Result<Node> {
        match name {
            "data" => Ok(node(from.device.instance, 1)),
            "data1" => Ok(node(from.device.instance, 2)),
            _ => Err(error("file does not exist")),
        }
    }

    fn stat(&self, k: &mut Kernel, _pid: Pid, node: &Node) -> Result<Entry> {
        let (name, length) = match node.qid.path {
            0 => ("#|", 0),
            1 => ("data", queues(k, node)?.0.borrow().length()),
            _ => ("data1", queues(k, node)?.0.borrow().length()),
        };
        let mode = if node.qid.path == 0 { 0o500 } else { 0o600 };
        Ok(crate::devices::entry(k, node, name, mode, length as u64))
    }

    fn entries(&self, k: &mut Kernel, pid: Pid, from: &Node) -> Result<Vec<Entry>> {
        [1, 2]
            .map(|path| self.stat(k, pid, &node(from.device.instance, path)))
            .into_iter()
            .collect()
    }

    fn open(&self, k: &mut Kernel, _pid: Pid, node: &Node, _mode: u32) -> Started {
        if let Some(pipe) = k.pipes.pipes.get_mut(&node.device.instance)
            && node.qid.path > 0
        {
            pipe.opens[node.qid.path as usize - 1] += 1;
        }
        Started::Done(Ok(Value::File(node.clone())))
    }

    fn read(&self, k: &mut Kernel, _pid: Pid, node: &Node, count: usize, _from: u64) -> Started {
        match queues(k, node) {
            Ok((own, to)) => {
                let owner = Rc::new(End { to, messages: false });
                Started::Blocked(Box::new(Read {
                    queue: own,
                    count,
                    blocks: node.aux == MESSAGES,
                    owner,
                }))
            }
            Err(why) => Started::Done(Err(why)),
        }
    }

    fn write(&self, k: &mut Kernel, _pid: Pid, node: &Node, data: &[u8], _to: u64) -> Started {
        match queues(k, node) {
            Ok((_, to)) => {
                let owner = Rc::new(End { to: Rc::clone(&to), messages: node.aux == MESSAGES });
                Started::Blocked(Box::new(Write::new(to, data.to_vec(), owner)))
            }
            Err(why) => Started::Done(Err(why)),
        }
    }

    /// The last channel of an end hangs up both directions; the last of both takes the pipe along.
    fn close(&self, k: &mut Kernel, node: &Node) {
        let Some(pipe) = k.pipes.pipes.get_mut(&node.device.instance) else { return };
        if node.qid.path == 0 {
            return;
        }
        let end = node.qid.path as usize - 1;
        pipe.opens[end] = pipe.opens[end].saturating_sub(1);
        if pipe.opens[end] > 0 {
            return;
        }
        for queue in &pipe.queues {
            queue.borrow_mut().hangup(&mut k.waits, HUNGUP);
        }
        pipe.queues[end].borrow_mut().flush(&mut k.waits);
        if pipe.opens == [0, 0] {
            k.pipes.pipes.remove(&node.device.instance);
        }
    }

    /// The length of a pipe is how much each of its queues holds before writers wait.
    fn wstat(&self, k: &mut Kernel, _pid: Pid, node: &Node, entry: &Entry) -> Result<()> {
        if node.qid.path == 0 {
            return Err(error("permission denied"));
        }
        if entry.length > u64::from(plan9_abi::queue::PIPE_LIMIT) {
            return Err(error("bad arg in system call"));
        }
        let (own, other) = queues(k, node)?;
        own.borrow_mut().limit = entry.length;
        other.borrow_mut().limit = entry.length;
        Ok(())
    }

    fn iounit(&self, _node: &Node) -> u32 {
        plan9_abi::queue::MAX_ATOMIC as u32
    }
}
