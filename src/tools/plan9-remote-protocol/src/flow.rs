//! Flow control: how much of a stream may be on its way, so that neither end holds more than a fixed number of bytes
//! of it, however slow the other is.
//!
//! One thread fills and one empties each of these. What they share is behind a lock:
//!
//! | value | who changes it |
//! |---|---|
//! | `Allowance::bytes` | `add`, when the other end allows more; `spend`, by the one that sends |
//! | `Queue::bytes` | `push`, by the one that receives; `take`, by the one that passes on |
//! | `closed`, `finished` | set once, by anybody |

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::{Condvar, Mutex, MutexGuard};

/// Bytes of a stream that may be on their way at the start, and that the receiving end has room for.
pub const WINDOW: usize = 256 * 1024;

/// The receiving end says that there is room when so many bytes have been passed on.
const STEP: usize = WINDOW / 4;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn violation() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "the other end does not keep to the flow control")
}

/// What may still be sent.
pub struct Allowance {
    state: Mutex<Allowed>,
    changed: Condvar,
}

struct Allowed {
    bytes: usize,
    closed: bool,
}

impl Default for Allowance {
    fn default() -> Allowance {
        let state = Mutex::new(Allowed { bytes: WINDOW, closed: false });
        Allowance { state, changed: Condvar::new() }
    }
}

impl Allowance {
    /// Waits until something may be sent: how much; `None` if nothing is to be sent any more.
    pub fn wait(&self) -> Option<usize> {
        let waiting = |allowed: &mut Allowed| allowed.bytes == 0 && !allowed.closed;
        let guard = self.changed.wait_while(lock(&self.state), waiting);
        let allowed = guard.unwrap_or_else(|poisoned| poisoned.into_inner());
        (!allowed.closed).then_some(allowed.bytes)
    }

    /// So much is sent, no more than [`wait`](Self::wait) gave.
    pub fn spend(&self, bytes: usize) {
        let mut allowed = lock(&self.state);
        allowed.bytes = allowed.bytes.saturating_sub(bytes);
    }

    /// The other end has room for more.
    ///
    /// # Errors
    ///
    /// `InvalidData` where that would be more than the window.
    pub fn add(&self, bytes: u32) -> io::Result<()> {
        let mut allowed = lock(&self.state);
        let sum = allowed.bytes.saturating_add(bytes as usize);
        if sum > WINDOW {
            return Err(violation());
        }
        allowed.bytes = sum;
        self.changed.notify_all();
        Ok(())
    }

    /// Nothing is to be sent any more.
    pub fn close(&self) {
        lock(&self.state).closed = true;
        self.changed.notify_all();
    }
}

/// What has come and is not yet passed on.
pub struct Queue {
    state: Mutex<Queued>,
    changed: Condvar,
}

struct Queued {
    bytes: VecDeque<u8>,
    /// Passed on, and not yet said.
    unsaid: usize,
    finished: bool,
    closed: bool,
}

impl Default for Queue {
    fn default() -> Queue {
        let state = Queued { bytes: VecDeque::new(), unsaid: 0, finished: false, closed: false };
        Queue { state: Mutex::new(state), changed: Condvar::new() }
    }
}

impl Queue {
    /// Adds what has come; never waits.
    ///
    /// # Errors
    ///
    /// `InvalidData` for more than was allowed, or after the end.
    pub fn push(&self, bytes: &[u8]) -> io::Result<()> {
        let mut queued = lock(&self.state);
        if queued.closed {
            return Ok(());
        }
        if queued.finished || queued.bytes.len() + queued.unsaid + bytes.len() > WINDOW {
            return Err(violation());
        }
        queued.bytes.extend(bytes);
        self.changed.notify_all();
        Ok(())
    }

    /// Nothing more will come.
    pub fn finish(&self) {
        lock(&self.state).finished = true;
        self.changed.notify_all();
    }

    /// Nobody takes anything any more: what is there and what comes is forgotten.
    pub fn close(&self) {
        let mut queued = lock(&self.state);
        queued.closed = true;
        queued.bytes = VecDeque::new();
        self.changed.notify_all();
    }

    /// Waits for bytes and moves some into the buffer: how many, 0 at the end.
    pub fn take(&self, buffer: &mut [u8]) -> usize {
        let waiting =
            |queued: &mut Queued| queued.bytes.is_empty() && !queued.finished && !queued.closed;
        let guard = self.changed.wait_while(lock(&self.state), waiting);
        let mut queued = guard.unwrap_or_else(|poisoned| poisoned.into_inner());
        let n = queued.bytes.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(queued.bytes.drain(..n)) {
            *to = from;
        }
        queued.unsaid += n;
        n
    }

    /// After what was taken has been passed on: how much more the other end is to be told that it may send.
    pub fn room(&self) -> Option<u32> {
        let mut queued = lock(&self.state);
        if queued.unsaid < STEP || queued.finished {
            return None;
        }
        Some(std::mem::take(&mut queued.unsaid) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn what_is_allowed_is_spent_and_allowed_again() {
        let allowance = Allowance::default();
        assert_eq!(allowance.wait(), Some(WINDOW));
        allowance.spend(WINDOW - 1);
        assert_eq!(allowance.wait(), Some(1));
        assert!(allowance.add(WINDOW as u32).is_err());
        allowance.add(4).unwrap();
        assert_eq!(allowance.wait(), Some(5));
        allowance.close();
        assert_eq!(allowance.wait(), None);
    }

    #[test]
    fn who_may_send_nothing_waits_until_there_is_room() {
        let allowance = Arc::new(Allowance::default());
        allowance.spend(WINDOW);
        let waiting = thread::spawn({
            let allowance = Arc::clone(&allowance);
            move || allowance.wait()
        });
        allowance.add(7).unwrap();
        assert_eq!(waiting.join().unwrap(), Some(7));
    }

    #[test]
    fn a_queue_holds_the_window_and_no_more() {
        let queue = Queue::default();
        queue.push(&vec![1; WINDOW]).unwrap();
        assert!(queue.push(&[1]).is_err());
        let mut buffer = vec![0; STEP];
        assert_eq!(queue.take(&mut buffer[1..]), STEP - 1);
        // Not said yet: not to be sent yet.
        assert_eq!(queue.room(), None);
        assert!(queue.push(&[1]).is_err());
        assert_eq!(queue.take(&mut buffer[..1]), 1);
        assert_eq!(queue.room(), Some(STEP as u32));
        queue.push(&vec![1; STEP]).unwrap();
        assert!(queue.push(&[1]).is_err());
    }

    #[test]
    fn the_end_comes_behind_all_bytes() {
        let queue = Queue::default();
        queue.push(b"abc").unwrap();
        queue.finish();
        assert!(queue.push(b"d").is_err());
        let mut buffer = [0; 2];
        assert_eq!((queue.take(&mut buffer), buffer), (2, *b"ab"));
        assert_eq!((queue.take(&mut buffer), buffer[0]), (1, b'c'));
        assert_eq!(queue.take(&mut buffer), 0);
    }

    #[test]
    fn a_closed_queue_forgets() {
        let queue = Queue::default();
        queue.push(b"abc").unwrap();
        queue.close();
        assert_eq!(queue.take(&mut [0; 4]), 0);
        queue.push(&vec![0; 2 * WINDOW]).unwrap();
    }
}
