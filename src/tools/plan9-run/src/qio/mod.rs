//! The kernel's byte queues (`port/qio.c`): pipes and conversations are made of them.
//!
//! What decides when a writer waits is kept exactly: a limit counts the space of blocks, not their data; a write goes in
//! pieces of at most 65,536 bytes; a piece is queued first and waited for afterwards, so an interrupted piece has been
//! taken; and a queue that holds more than twice its limit makes a writer wait where notes do not reach.

use crate::dev::{
    Breakable, Error, INTERRUPTED, Operation, Pid, Result, Step, Value, WaitId, Waits, error,
};
use crate::kernel::Kernel;
use plan9_abi::queue::{MAX_ATOMIC, block_space};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// `port/error.h:Ehungup`
pub const HUNGUP: Error = error("i/o on hungup channel");
/// Reads of a closed queue that give nothing before they fail.
const EMPTY_READS: u8 = 3;

/// A queue as its two ends hold it.
pub type QueueRef = Rc<RefCell<Queue>>;

struct Block {
    data: Vec<u8>,
    /// Bytes already taken from the front; the space counts until the last is.
    taken: usize,
    space: u64,
}

/// One direction.
pub struct Queue {
    blocks: VecDeque<Block>,
    /// In allocated bytes.
    pub limit: u64,
    /// Space ever removed and ever added.
    removed: u64,
    added: u64,
    length: usize,
    /// Somebody waits for room.
    flow: bool,
    closed: Option<Error>,
    empty_reads: u8,
    /// A read joins blocks, and steps over empty ones.
    coalesce: bool,
    reader: Option<Pid>,
    writer: Option<Pid>,
    pub data_came: WaitId,
    room_came: WaitId,
}

impl Queue {
    pub fn new(waits: &mut Waits, limit: u64, coalesce: bool) -> QueueRef {
        Rc::new(RefCell::new(Queue {
            blocks: VecDeque::new(),
            limit,
            removed: 0,
            added: 0,
            length: 0,
            flow: false,
            closed: None,
            empty_reads: 0,
            coalesce,
            reader: None,
            writer: None,
            data_came: waits.fresh(),
            room_came: waits.fresh(),
        }))
    }

    /// Bytes of data, as `fstat` and `qin` show them.
    pub fn length(&self) -> usize {
        self.length
    }

    pub fn has_no_blocks(&self) -> bool {
        self.blocks.is_empty()
    }

    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Why nothing can be added any more, if so.
    pub fn closed(&self) -> Result<()> {
        self.closed.clone().map_or(Ok(()), Err)
    }

    /// Space of the blocks that are queued.
    pub fn held(&self) -> u64 {
        self.added - self.removed
    }

    /// Adds a block, whatever the limit; gives the writer's position.
    pub fn append(&mut self, waits: &mut Waits, data: &[u8]) -> u64 {
        let space = u64::from(block_space(data.len() as u32));
        self.added += space;
        self.length += data.len();
        self.blocks.push_back(Block { data: data.to_vec(), taken: 0, space });
        waits.wake(self.data_came);
        self.added
    }

    /// Takes up to `count` bytes.
    pub fn take(&mut self, waits: &mut Waits, count: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some(block) = self.blocks.front_mut() {
            let rest = &block.data[block.taken..];
            let n = rest.len().min(count - bytes.len());
            bytes.extend(&rest[..n]);
            block.taken += n;
            self.length -= n;
            if block.taken < block.data.len() {
                break;
            }
            self.removed += block.space;
            self.blocks.pop_front();
            if !self.coalesce || bytes.len() == count && count > 0 {
                break;
            }
        }
        if self.flow {
            self.flow = self.held() > self.limit;
            waits.wake(self.room_came);
        }
        bytes
    }

    /// Bytes behind the first `offset`, up to `count`, which stay queued (`qcopy`).
    pub fn copy(&self, offset: usize, count: usize) -> Vec<u8> {
        let wanted = self.length.saturating_sub(offset);
        // From the end, as what has not been sent is a small part of what has not been acknowledged.
        let (mut first, mut found) = (self.blocks.len(), 0);
        while found < wanted {
            first -= 1;
            let block = &self.blocks[first];
            found += block.data.len() - block.taken;
        }
        let mut bytes = Vec::with_capacity(wanted.min(count));
        let mut skip = found - wanted;
        for block in self.blocks.range(first..) {
            let rest = &block.data[block.taken + skip..];
            skip = 0;
            bytes.extend(&rest[..rest.len().min(count - bytes.len())]);
            if bytes.len() == count {
                break;
            }
        }
        bytes
    }

    /// True while a writer waits for room, or would.
    pub fn is_over_limit(&self) -> bool {
        self.flow || self.held() > self.limit
    }

    /// Ends the queue: reads drain it, then give nothing three times, then `why`, at once if it is not [`HUNGUP`]; writes
    /// fail with it (`qhangup`).
    pub fn hangup(&mut self, waits: &mut Waits, why: Error) {
        self.closed = Some(why);
        waits.wake(self.data_came);
        waits.wake(self.room_came);
    }

    /// Ends the queue, and throws away what is in it (`qclose`).
    pub fn close(&mut self, waits: &mut Waits) {
        self.flush(waits);
        self.hangup(waits, HUNGUP);
    }

    /// Makes it as good as new, but for what is in it (`qreopen`).
    pub fn reopen(&mut self, limit: u64) {
        self.closed = None;
        self.empty_reads = 0;
        self.limit = limit;
    }

    /// Throws away what is queued.
    pub fn flush(&mut self, waits: &mut Waits) {
        self.removed = self.added;
        self.length = 0;
        self.flow = false;
        self.blocks.clear();
        waits.wake(self.room_came);
    }

    /// True while a writer waits that has queued up to `position` (`unblocked`).
    fn holds_back(&self, position: u64) -> bool {
        !self.is_closed() && position.saturating_sub(self.removed) > self.limit
    }

    /// True while a write would wait where no note reaches.
    fn bloated(&self) -> bool {
        self.flow && self.held() / 2 > self.limit
    }
}

/// What the owner of a queue does at the points where a read or write touches it.
pub trait Owner {
    /// A read took something: a conversation may send more.
    fn consumed(&self, _k: &mut Kernel) {}

    /// A piece is to be queued. `Ok(None)` swallows it; otherwise the queue it went to and the writer's position there.
    fn accept(&self, k: &mut Kernel, data: &[u8]) -> Result<Option<(QueueRef, u64)>>;

    /// A write failed.
    fn write_failed(&self, _k: &mut Kernel, _pid: Pid) {}
}

/// `qread`.
pub struct Read {
    pub queue: QueueRef,
    pub count: usize,
    /// It is the kernel that reads (`qbread`): an empty block is one, and looks like the end.
    pub blocks: bool,
    pub owner: Rc<dyn Owner>,
}

impl Operation for Read {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        let mut queue = self.queue.borrow_mut();
        if queue.reader.is_some_and(|reader| reader != pid) {
            return Step::Wait(queue.data_came, Breakable::ByNotes);
        }
        if queue.coalesce && !self.blocks {
            while queue.blocks.front().is_some_and(|block| block.data.is_empty()) {
                queue.take(&mut k.waits, 0);
            }
        }
        if queue.blocks.is_empty() {
            let Some(why) = queue.closed.clone() else {
                queue.reader = Some(pid);
                return Step::Wait(queue.data_came, Breakable::ByNotes);
            };
            queue.reader = None;
            k.waits.wake(queue.data_came);
            if queue.empty_reads >= EMPTY_READS || why != HUNGUP {
                return Step::Done(Err(why));
            }
            queue.empty_reads += 1;
            return Step::Done(Ok(Value::Bytes(Vec::new())));
        }
        let freed = queue.reader.take().is_some();
        let bytes = match self.count {
            count if self.blocks => {
                let first = queue.blocks.front().map_or(0, |block| block.data.len() - block.taken);
                queue.take(&mut k.waits, first.min(count))
            }
            0 => Vec::new(),
            count => queue.take(&mut k.waits, count),
        };
        if freed && (!queue.blocks.is_empty() || queue.is_closed()) {
            k.waits.wake(queue.data_came);
        }
        drop(queue);
        self.owner.consumed(k);
        Step::Done(Ok(Value::Bytes(bytes)))
    }

    fn interrupted(&mut self, k: &mut Kernel, pid: Pid) -> Result<Value> {
        let mut queue = self.queue.borrow_mut();
        if queue.reader == Some(pid) {
            queue.reader = None;
            k.waits.wake(queue.data_came);
        }
        Err(INTERRUPTED)
    }
}

enum At {
    Start,
    /// Waiting where notes do not reach, until all that was queued up to this position is within the limit (`qbloated`).
    Bloated(u64),
    Piece,
    Flow(QueueRef, u64),
}

/// `qwrite` on `queue`, the writer's own.
pub struct Write {
    queue: QueueRef,
    data: Vec<u8>,
    written: usize,
    at: At,
    owner: Rc<dyn Owner>,
}

impl Write {
    pub fn new(queue: QueueRef, data: Vec<u8>, owner: Rc<dyn Owner>) -> Write {
        Write { queue, data, written: 0, at: At::Start, owner }
    }

    fn end(&self, k: &mut Kernel, pid: Pid) {
        let mut queue = self.queue.borrow_mut();
        if queue.writer == Some(pid) {
            queue.writer = None;
            k.waits.wake(queue.room_came);
        }
    }
}

impl Operation for Write {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        loop {
            match &self.at {
                At::Start => {
                    let queue = self.queue.borrow();
                    let (bloated, position) = (queue.bloated(), queue.added);
                    drop(queue);
                    self.at = if bloated { At::Bloated(position) } else { At::Piece };
                }
                At::Bloated(position) => {
                    let queue = self.queue.borrow();
                    if queue.holds_back(*position) {
                        return Step::Wait(queue.room_came, Breakable::Swallows);
                    }
                    drop(queue);
                    self.at = At::Piece;
                }
                At::Piece => {
                    let closed = self.queue.borrow().closed.clone();
                    if let Some(why) = closed {
                        self.end(k, pid);
                        self.owner.write_failed(k, pid);
                        return Step::Done(Err(why));
                    }
                    let rest = &self.data[self.written..];
                    let piece = &rest[..rest.len().min(MAX_ATOMIC)];
                    let n = piece.len();
                    match self.owner.accept(k, piece) {
                        Ok(place) => {
                            self.written += n;
                            self.at = match place {
                                Some((queue, position)) => At::Flow(queue, position),
                                None => At::Piece,
                            };
                            if matches!(self.at, At::Piece) && self.written == self.data.len() {
                                self.end(k, pid);
                                return Step::Done(Ok(Value::Count(self.written as u64)));
                            }
                        }
                        Err(why) => {
                            self.end(k, pid);
                            self.owner.write_failed(k, pid);
                            return Step::Done(Err(why));
                        }
                    }
                }
                At::Flow(on, position) => {
                    let mut queue = on.borrow_mut();
                    if queue.holds_back(*position) {
                        queue.flow = true;
                        return Step::Wait(queue.room_came, Breakable::ByNotes);
                    }
                    drop(queue);
                    if self.written == self.data.len() {
                        self.end(k, pid);
                        return Step::Done(Ok(Value::Count(self.written as u64)));
                    }
                    self.at = At::Piece;
                }
            }
        }
    }

    fn interrupted(&mut self, k: &mut Kernel, pid: Pid) -> Result<Value> {
        self.end(k, pid);
        self.owner.write_failed(k, pid);
        Err(INTERRUPTED)
    }
}

#[cfg(test)]
mod tests;
