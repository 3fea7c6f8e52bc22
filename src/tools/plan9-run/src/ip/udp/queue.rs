//! The receive queue of a UDP conversation (`port/qio.c` with `Qmsg`): whole datagrams, dropped when there is no room.
//!
//! It is not the stream queue of [`qio`](crate::qio): nobody waits for room, a read ends at a datagram's end and throws
//! the rest of it away, and an empty datagram is one.

use crate::dev::{Breakable, Error, Operation, Pid, Step, Value, WaitId, Waits};
use crate::kernel::Kernel;
use crate::qio::HUNGUP;
use plan9_abi::queue::block_space;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// `ip/udp.c:udpcreate`, in allocated bytes.
const LIMIT: u64 = 512 * 1024;
/// A block keeps the room of the headers that were cut off it.
const HEADERS: usize = 28;
/// Reads of a closed queue that give nothing before they fail.
const EMPTY_READS: u8 = 3;

pub type DatagramsRef = Rc<RefCell<Datagrams>>;

pub struct Datagrams {
    waiting: VecDeque<Vec<u8>>,
    /// Space of what waits.
    held: u64,
    closed: Option<Error>,
    empty_reads: u8,
    came: WaitId,
}

impl Datagrams {
    pub fn new(waits: &mut Waits) -> DatagramsRef {
        Rc::new(RefCell::new(Datagrams {
            waiting: VecDeque::new(),
            held: 0,
            closed: None,
            empty_reads: 0,
            came: waits.fresh(),
        }))
    }

    /// Bytes of data, as `fstat` and `qin` show them.
    pub fn length(&self) -> usize {
        self.waiting.iter().map(Vec::len).sum()
    }

    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Queues a datagram, or drops it.
    pub fn push(&mut self, waits: &mut Waits, datagram: Vec<u8>) {
        if self.held < LIMIT && !self.is_closed() {
            self.held += space(&datagram);
            self.waiting.push_back(datagram);
            waits.wake(self.came);
        }
    }

    fn pop(&mut self) -> Option<Vec<u8>> {
        let datagram = self.waiting.pop_front()?;
        self.held -= space(&datagram);
        Some(datagram)
    }

    /// What is queued stays readable; behind it is `why`, or the end of a file if that is all there is to say.
    pub fn hangup(&mut self, waits: &mut Waits, why: Error) {
        self.closed = Some(why);
        waits.wake(self.came);
    }

    /// Throws everything away (`qclose`).
    pub fn close(&mut self, waits: &mut Waits) {
        self.waiting.clear();
        self.held = 0;
        self.hangup(waits, HUNGUP);
    }
}

fn space(datagram: &[u8]) -> u64 {
    u64::from(block_space((datagram.len() + HEADERS) as u32))
}

/// `qread` of one datagram.
pub struct Read {
    pub queue: DatagramsRef,
    pub count: usize,
}

impl Operation for Read {
    fn step(&mut self, _k: &mut Kernel, _pid: Pid) -> Step {
        let mut queue = self.queue.borrow_mut();
        if let Some(mut datagram) = queue.pop() {
            datagram.truncate(self.count);
            return Step::Done(Ok(Value::Bytes(datagram)));
        }
        match queue.closed.clone() {
            None => Step::Wait(queue.came, Breakable::ByNotes),
            Some(why) if why == HUNGUP && queue.empty_reads < EMPTY_READS => {
                queue.empty_reads += 1;
                Step::Done(Ok(Value::Bytes(Vec::new())))
            }
            Some(why) => Step::Done(Err(why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_drops() {
        let mut waits = Waits::default();
        let queue = Datagrams::new(&mut waits);
        let mut queue = queue.borrow_mut();
        for n in 0..600u32 {
            queue.push(&mut waits, vec![n as u8; 1000]);
        }
        assert!((350..500).contains(&queue.waiting.len()), "{}", queue.waiting.len());
        let held = queue.waiting.len();
        queue.pop();
        queue.push(&mut waits, vec![1]);
        assert_eq!(queue.waiting.len(), held);
        assert_eq!(queue.length(), (held - 1) * 1000 + 1);
    }
}
