//! Semaphores and rendezvous (`port/sysproc.c`). Semaphores are served first come, first served.

use super::Kernel;
use super::calls::done;
use super::entry::{Outcome, count};
use super::memory::{Segment, find};
use super::user::BAD_ARG;
use crate::dev::{Breakable, INTERRUPTED, Operation, Pid, Result, Step, Value, WaitId};
use std::rc::Rc;
use std::sync::atomic::Ordering;

/// A proc in line for a semaphore.
pub(crate) struct Waiter {
    segment: Rc<Segment>,
    addr: u64,
    /// Still asleep; false once a release has chosen it.
    waiting: bool,
    wait: WaitId,
}

/// A proc that waits for another with the same tag.
pub(crate) struct Meeting {
    pub group: Rc<()>,
    pub tag: u64,
    pub value: u64,
    pub got: Option<u64>,
    pub wait: WaitId,
}

/// The waiting half of `rendezvous`.
pub(crate) struct Rendezvous {
    pub wait: WaitId,
}

impl Rendezvous {
    fn leave(&self, k: &mut Kernel) -> Option<u64> {
        let place = k.meetings.iter().position(|meeting| meeting.wait == self.wait)?;
        k.meetings.remove(place).got
    }
}

impl Operation for Rendezvous {
    fn step(&mut self, k: &mut Kernel, _pid: Pid) -> Step {
        let met = k.meetings.iter().any(|m| m.wait == self.wait && m.got.is_some());
        match met.then(|| self.leave(k)).flatten() {
            Some(value) => done(value),
            None => Step::Wait(self.wait, Breakable::OnceAsleep),
        }
    }

    fn interrupted(&mut self, k: &mut Kernel, _pid: Pid) -> Result<Value> {
        match self.leave(k) {
            Some(value) => Ok(Value::Count(value)),
            None => Err(INTERRUPTED),
        }
    }
}

/// `semacquire` and `tsemacquire` that have to wait.
struct Acquire {
    segment: Rc<Segment>,
    addr: u64,
    wait: WaitId,
    until: Option<u64>,
    queued: bool,
}

impl Acquire {
    fn leave(&self, k: &mut Kernel) {
        let Some(place) = k.semaphores.iter().position(|waiter| waiter.wait == self.wait) else {
            return;
        };
        let gone = k.semaphores.remove(place);
        if let Some(until) = self.until {
            k.timers.cancel(until, self.wait);
        }
        if !gone.waiting {
            // A release had chosen us: whether we took a count or not, the next in line looks too.
            k.wake_waiters(&self.segment, self.addr, 1);
        }
    }
}

impl Operation for Acquire {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        if !self.queued {
            self.queued = true;
            k.semaphores.push(Waiter {
                segment: Rc::clone(&self.segment),
                addr: self.addr,
                waiting: true,
                wait: self.wait,
            });
            if let Some(until) = self.until {
                k.timers.wake_at(until, self.wait);
            }
        }
        let own = k.semaphores.iter_mut().find(|waiter| waiter.wait == self.wait);
        if let Some(waiter) = own {
            waiter.waiting = true;
        }
        if k.take_count(pid, &self.segment, self.addr) {
            self.leave(k);
            return done(1);
        }
        if self.until.is_some_and(|until| k.mono_ns() >= until) {
            self.leave(k);
            return done(0);
        }
        Step::Wait(self.wait, Breakable::ByNotes)
    }

    fn interrupted(&mut self, k: &mut Kernel, _pid: Pid) -> Result<Value> {
        self.leave(k);
        Err(INTERRUPTED)
    }
}

impl Kernel {
    /// `ms` as for `tsemacquire`; `None` waits for ever.
    pub(crate) fn semacquire(
        &mut self,
        pid: Pid,
        addr: u64,
        block: bool,
        ms: Option<u32>,
    ) -> Outcome {
        let segment = match self.semaphore_at(pid, addr) {
            Ok(segment) => segment,
            Err(why) => return Outcome::Done(Err(why)),
        };
        if self.take_count(pid, &segment, addr) {
            return Outcome::Done(Ok(1));
        }
        if !block {
            return Outcome::Done(Ok(0));
        }
        let until = ms.map(|ms| self.mono_ns() + u64::from(ms) * 1_000_000);
        let wait = self.waits.fresh();
        Outcome::Wait(Box::new(Acquire { segment, addr, wait, until, queued: false }), count())
    }

    pub(crate) fn semrelease(&mut self, pid: Pid, addr: u64, delta: i32) -> Result<i64> {
        let segment = self.semaphore_at(pid, addr)?;
        if delta < 0 {
            return Err(BAD_ARG);
        }
        let value = match segment.atomic(addr) {
            Some(word) => word.fetch_add(delta, Ordering::SeqCst).wrapping_add(delta),
            None => {
                let value = self.private_count(pid, addr).wrapping_add(delta);
                self.poke(pid, addr, &value.to_le_bytes());
                value
            }
        };
        self.wake_waiters(&segment, addr, delta);
        Ok(i64::from(value))
    }

    /// The checks that all three calls begin with.
    fn semaphore_at(&mut self, pid: Pid, addr: u64) -> Result<Rc<Segment>> {
        if addr & 3 != 0 {
            let _ = self.post_note(pid, b"sys: odd address", super::NoteKind::Debug);
            return Err(BAD_ARG);
        }
        let space = self.procs.get(&pid).map(|proc| &proc.space);
        let segment = space.and_then(|space| find(space, addr)).filter(|s| s.writable()).cloned();
        let Some(segment) = segment else {
            self.user_check(pid, addr, 4, true)?;
            return Err(BAD_ARG);
        };
        let value = match segment.atomic(addr) {
            Some(word) => word.load(Ordering::SeqCst),
            None => self.private_count(pid, addr),
        };
        if value < 0 { Err(BAD_ARG) } else { Ok(segment) }
    }

    /// Takes one if the count is above zero (`canacquire`).
    fn take_count(&mut self, pid: Pid, segment: &Segment, addr: u64) -> bool {
        if let Some(word) = segment.atomic(addr) {
            let less = |value: i32| (value > 0).then(|| value - 1);
            return word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok();
        }
        let value = self.private_count(pid, addr);
        value > 0 && self.poke(pid, addr, &(value - 1).to_le_bytes())
    }

    /// A semaphore in the stack segment: nobody else sees it, and its owner stands still.
    fn private_count(&self, pid: Pid, addr: u64) -> i32 {
        let mut word = [0; 4];
        self.peek(pid, addr, &mut word);
        i32::from_le_bytes(word)
    }

    fn wake_waiters(&mut self, segment: &Rc<Segment>, addr: u64, mut n: i32) {
        for waiter in &mut self.semaphores {
            if n <= 0 {
                return;
            }
            if waiter.waiting && waiter.addr == addr && Rc::ptr_eq(&waiter.segment, segment) {
                waiter.waiting = false;
                self.waits.wake(waiter.wait);
                n -= 1;
            }
        }
    }
}
