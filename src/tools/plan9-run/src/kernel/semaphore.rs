//! Semaphores and rendezvous (`port/sysproc.c`). Semaphores are served first come, first served. `tsemacquire` counts the
//! time that it slept in whole ticks of the clock, so a wait that is no multiple of them ends with the next one.

use super::Kernel;
use super::calls::done;
use super::entry::{Outcome, count};
use super::memory::{Segment, find};
use super::user::BAD_ARG;
use crate::dev::{Breakable, INTERRUPTED, Operation, Pid, Result, Step, Value, WaitId};
use plan9_abi::layout::TICK_MS;
use std::rc::Rc;
use std::sync::atomic::Ordering;

/// A tick of the clock in nanoseconds.
const TICK_NS: u64 = TICK_MS * 1_000_000;

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

/// A sleep of `tsemacquire`: when it ends, and the clock's tick when it began.
struct Nap {
    until: u64,
    tick: u64,
}

/// `semacquire` and `tsemacquire` that have to wait.
struct Acquire {
    segment: Rc<Segment>,
    addr: u64,
    wait: WaitId,
    /// Milliseconds that `tsemacquire` still waits, as it counts them.
    left: Option<u64>,
    nap: Option<Nap>,
    queued: bool,
}

impl Acquire {
    fn leave(&mut self, k: &mut Kernel) {
        self.wake_up(k);
        let Some(place) = k.semaphores.iter().position(|waiter| waiter.wait == self.wait) else {
            return;
        };
        let gone = k.semaphores.remove(place);
        if !gone.waiting {
            // A release had chosen us: whether we took a count or not, the next in line looks too.
            k.wake_waiters(&self.segment, self.addr, 1);
        }
    }

    fn wake_up(&mut self, k: &mut Kernel) -> Option<Nap> {
        let nap = self.nap.take()?;
        k.timers.cancel(nap.until, self.wait);
        Some(nap)
    }

    /// Takes from the time that is left what the sleep took, which the kernel counts in whole ticks: a sleep within one
    /// tick took nothing. True if nothing is left.
    fn timed_out(&mut self, k: &mut Kernel) -> bool {
        let (Some(nap), Some(left)) = (self.wake_up(k), &mut self.left) else { return false };
        let slept = (k.mono_ns() / TICK_NS - nap.tick) * TICK_MS;
        if slept >= *left {
            return true;
        }
        *left -= slept;
        false
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
        }
        // The kernel looks at the time first: a count that comes with the last tick is not taken.
        if self.timed_out(k) {
            self.leave(k);
            return done(0);
        }
        let own = k.semaphores.iter_mut().find(|waiter| waiter.wait == self.wait);
        if let Some(waiter) = own {
            waiter.waiting = true;
        }
        if k.take_count(pid, &self.segment, self.addr) {
            self.leave(k);
            return done(1);
        }
        if let Some(ms) = self.left {
            let now = k.mono_ns();
            let until = now + ms * 1_000_000;
            k.timers.wake_at(until, self.wait);
            self.nap = Some(Nap { until, tick: now / TICK_NS });
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
        let (wait, left) = (self.waits.fresh(), ms.map(u64::from));
        let acquire = Acquire { segment, addr, wait, left, nap: None, queued: false };
        Outcome::Wait(Box::new(acquire), count())
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
