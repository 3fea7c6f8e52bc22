//! The system calls that concern procs, memory and time; the rest are the channel layer's.

use super::entry::{Outcome, count};
use super::memory::{self, Kind, Segment};
use super::user::BAD_ARG;
use super::{Kernel, semaphore, sleep};
use crate::dev::{Pid, Result, Step, Value, error};
use plan9_abi::layout::{ATTACHABLE_SEGMENTS, ERRMAX, PAGE, SEGMENT_MAX, USTKSIZE, USTKTOP};
use plan9_abi::{flags, sysno};
use std::rc::Rc;

const NO_MEMORY: crate::dev::Error = error("virtual memory allocation failed");
const OVERLAP: crate::dev::Error = error("segments overlap");

impl Kernel {
    /// Does one of our calls; `None` if it is none of ours.
    pub(crate) fn proc_call(&mut self, pid: Pid, number: usize, args: [u64; 5]) -> Option<Outcome> {
        let result = match number {
            sysno::SYSR1 => Ok(0),
            sysno::ERRSTR => self.errstr(pid, args[0], args[1] as u32 as usize),
            sysno::OLD_ERRSTR => self.errstr(pid, args[0], 64),
            sysno::ALARM => self.alarm(pid, args[0] as u32),
            sysno::SLEEP => return Some(self.sleep(pid, args[0] as i32)),
            sysno::NSEC => Ok(self.now_ns() as i64),
            sysno::NOTIFY => self.notify(pid, args[0]),
            sysno::NOTED => {
                return Some(match self.noted(pid, args[0] as u32) {
                    Ok(()) if self.procs.contains_key(&pid) => Outcome::Registers,
                    Ok(()) => Outcome::Gone,
                    Err(why) => Outcome::Done(Err(why)),
                });
            }
            sysno::EXITS => {
                self.exits(pid, args[0]);
                return Some(Outcome::Gone);
            }
            sysno::RFORK => self.rfork(pid, args[0] as u32),
            sysno::EXEC => {
                return Some(match self.exec(pid, args[0], args[1]) {
                    Ok(()) => Outcome::Registers,
                    Err(why) => Outcome::Done(Err(why)),
                });
            }
            sysno::AWAIT => return Some(self.await_child(pid, args[0], args[1] as u32 as usize)),
            sysno::RENDEZVOUS => return Some(self.rendezvous(pid, args[0], args[1])),
            sysno::SEMACQUIRE => {
                return Some(self.semacquire(pid, args[0], args[1] as i32 != 0, None));
            }
            sysno::TSEMACQUIRE => {
                let ms = args[1] as u32;
                return Some(self.semacquire(pid, args[0], ms != 0, Some(ms)));
            }
            sysno::SEMRELEASE => self.semrelease(pid, args[0], args[1] as i32),
            sysno::BRK => self.brk(pid, args[0]),
            sysno::SEGATTACH => self.segattach(pid, args),
            sysno::SEGDETACH => self.segdetach(pid, args[0]),
            sysno::SEGFREE => self.segfree(pid, args[0], args[1] as u32 as u64),
            sysno::SEGFLUSH => self.segflush(pid, args[0]),
            sysno::SEGBRK => self.segbrk(pid, args[0], args[1]),
            _ => return None,
        };
        Some(Outcome::Done(result))
    }

    /// Swaps the error string with the program's buffer (`generrstr`).
    fn errstr(&mut self, pid: Pid, buffer: u64, len: usize) -> Result<i64> {
        if len == 0 {
            return Err(BAD_ARG);
        }
        let len = len.min(ERRMAX);
        self.user_check(pid, buffer, len, true)?;
        let given = self.user_read(pid, buffer, len)?;
        let end = given.iter().position(|&b| b == 0).unwrap_or(len - 1);
        let Some(proc) = self.procs.get_mut(&pid) else { return Err(BAD_ARG) };
        let mut old = std::mem::replace(&mut proc.errstr, whole_characters(&given[..end]).to_vec());
        old.truncate(whole_characters(&old[..old.len().min(len - 1)]).len());
        old.push(0);
        self.user_write(pid, buffer, &old)?;
        Ok(0)
    }

    fn notify(&mut self, pid: Pid, handler: u64) -> Result<i64> {
        if handler != 0 {
            self.user_check(pid, handler, 8, false)?;
        }
        if let Some(proc) = self.procs.get_mut(&pid) {
            proc.notify = handler;
        }
        Ok(0)
    }

    /// Moves the break (`ibrk`).
    fn brk(&mut self, pid: Pid, to: u64) -> Result<i64> {
        let Some(proc) = self.procs.get(&pid) else { return Err(BAD_ARG) };
        let of = |kind| proc.space.iter().find(|segment| segment.kind == kind);
        let Some(bss) = of(Kind::Bss) else { return Err(BAD_ARG) };
        // The break may be set below the bss, into the data's last page.
        let in_data = of(Kind::Data).is_some_and(|data| to >= data.base);
        let to = if to != 0 && to < bss.base && in_data { bss.base } else { to };
        self.set_top(pid, &Rc::clone(bss), to)
    }

    /// Moves the end of the segment that holds `at`: bss, or attached memory.
    fn segbrk(&mut self, pid: Pid, at: u64, to: u64) -> Result<i64> {
        let Some(proc) = self.procs.get(&pid) else { return Err(BAD_ARG) };
        let segment = memory::find(&proc.space, at).cloned().ok_or(BAD_ARG)?;
        match segment.kind {
            Kind::Stack | Kind::Text | Kind::Data => Err(BAD_ARG),
            Kind::Bss | Kind::Memory | Kind::Shared => self.set_top(pid, &segment, to),
        }
    }

    /// What `brk` and `segbrk` do (`port/segment.c:ibrk`): 0 asks for the base.
    fn set_top(&mut self, pid: Pid, segment: &Rc<Segment>, to: u64) -> Result<i64> {
        let Some(proc) = self.procs.get(&pid) else { return Err(BAD_ARG) };
        if to == 0 {
            return Ok(segment.base as i64);
        }
        if to < segment.base {
            return Err(NO_MEMORY);
        }
        let top = to.checked_next_multiple_of(PAGE).ok_or(NO_MEMORY)?;
        let others = || proc.space.iter().filter(|other| !Rc::ptr_eq(other, segment));
        if top < segment.top() {
            if self.users(segment) > 1 {
                return Err(error("device or object already in use"));
            }
        } else if others().any(|other| top > other.base && segment.base < other.top()) {
            return Err(OVERLAP);
        }
        if top - segment.base > SEGMENT_MAX {
            return Err(NO_MEMORY);
        }
        segment.set_top(top).map_err(|_| NO_MEMORY)?;
        Ok(0)
    }

    fn segattach(&mut self, pid: Pid, args: [u64; 5]) -> Result<i64> {
        let class = self.user_str(pid, args[1])?;
        let (attributes, va, len) = (args[0] as u32, args[2], args[3] as u32 as u64);
        let Some(proc) = self.procs.get_mut(&pid) else { return Err(BAD_ARG) };
        if va >= USTKTOP {
            return Err(BAD_ARG);
        }
        let attached =
            proc.space.iter().filter(|s| matches!(s.kind, Kind::Memory | Kind::Shared)).count();
        if attached >= ATTACHABLE_SEGMENTS {
            return Err(NO_MEMORY);
        }
        let len = (len + (va & (PAGE - 1))).next_multiple_of(PAGE);
        if len == 0 {
            return Err(BAD_ARG);
        }
        let mut at = va & !(PAGE - 1);
        if va == 0 {
            at = USTKTOP - USTKSIZE;
            at = at.checked_sub(len).ok_or(NO_MEMORY)?;
            while let Some(other) = memory::overlap(&proc.space, at, at + len) {
                at = other.base.checked_sub(len).ok_or(NO_MEMORY)?;
            }
        }
        if at == 0 || at + len > USTKTOP {
            return Err(BAD_ARG);
        }
        if memory::overlap(&proc.space, at, at + len).is_some() {
            return Err(OVERLAP);
        }
        let kind = match class.as_str() {
            "memory" => Kind::Memory,
            "shared" => Kind::Shared,
            _ => return Err(BAD_ARG),
        };
        let mut segment = Segment::new(kind, at, at + len, &[]).map_err(|_| NO_MEMORY)?;
        segment.cexec = attributes & flags::segattach::CEXEC != 0;
        segment.read_only = attributes & flags::segattach::RONLY != 0;
        let Some(tracee) = &proc.tracee else { return Err(BAD_ARG) };
        segment.map(tracee, &self.stack_pattern).map_err(|_| NO_MEMORY)?;
        proc.space.push(Rc::new(segment));
        Ok(at as i64)
    }

    fn segdetach(&mut self, pid: Pid, at: u64) -> Result<i64> {
        let Some(proc) = self.procs.get_mut(&pid) else { return Err(BAD_ARG) };
        let place = proc.space.iter().position(|s| s.contains(at) || s.base == at);
        let Some(place) = place else { return Err(BAD_ARG) };
        if proc.space[place].kind == Kind::Stack {
            return Err(BAD_ARG);
        }
        let segment = proc.space.remove(place);
        if let Some(tracee) = &proc.tracee {
            segment.unmap(tracee).map_err(|_| BAD_ARG)?;
        }
        Ok(0)
    }

    fn segfree(&mut self, pid: Pid, at: u64, len: u64) -> Result<i64> {
        let Some(proc) = self.procs.get(&pid) else { return Err(BAD_ARG) };
        let Some(segment) = memory::find(&proc.space, at) else { return Err(BAD_ARG) };
        let to = at.checked_add(len).ok_or(BAD_ARG)? & !(PAGE - 1);
        let from = at.next_multiple_of(PAGE);
        if from < to {
            if to > segment.top() {
                return Err(BAD_ARG);
            }
            if let Some(tracee) = &proc.tracee {
                segment.free(tracee, from, to);
            }
        }
        Ok(0)
    }

    fn segflush(&mut self, pid: Pid, at: u64) -> Result<i64> {
        let Some(proc) = self.procs.get(&pid) else { return Err(BAD_ARG) };
        let segment = memory::find(&proc.space, at).ok_or(BAD_ARG)?;
        if let Some(tracee) = &proc.tracee {
            segment.make_executable(tracee).map_err(|_| BAD_ARG)?;
        }
        Ok(0)
    }

    fn sleep(&mut self, _pid: Pid, ms: i32) -> Outcome {
        if ms <= 0 {
            return Outcome::Done(Ok(0));
        }
        let until = self.mono_ns() + ms as u64 * 1_000_000;
        let wait = self.waits.fresh();
        Outcome::Wait(Box::new(sleep::Sleep { until, wait, armed: false }), count())
    }

    /// Meets another proc that names the same tag (`sysrendezvous`).
    fn rendezvous(&mut self, pid: Pid, tag: u64, value: u64) -> Outcome {
        let Some(proc) = self.procs.get(&pid) else { return Outcome::Gone };
        let group = Rc::clone(&proc.rendezvous_group);
        let other = self
            .meetings
            .iter_mut()
            .find(|m| m.tag == tag && m.got.is_none() && Rc::ptr_eq(&m.group, &group));
        if let Some(meeting) = other {
            meeting.got = Some(value);
            let (theirs, wait) = (meeting.value, meeting.wait);
            self.waits.wake(wait);
            return Outcome::Done(Ok(theirs as i64));
        }
        let wait = self.waits.fresh();
        self.meetings.push(semaphore::Meeting { group, tag, value, got: None, wait });
        let finish: crate::chan::Finish = Box::new(|_, _, value| match value {
            Ok(Value::Count(n)) => Ok(n as i64),
            // Broken by a note: all ones, and the error string stays.
            _ => Ok(-1),
        });
        Outcome::Wait(Box::new(semaphore::Rendezvous { wait }), finish)
    }

    /// Waits for a child's end, newest record first (`pwait`).
    fn await_child(&mut self, pid: Pid, buffer: u64, len: usize) -> Outcome {
        if let Err(why) = self.user_check(pid, buffer, len, true) {
            return Outcome::Done(Err(why));
        }
        let finish: crate::chan::Finish = Box::new(move |k, pid, value| {
            let Value::Bytes(mut text) = value? else { return Err(BAD_ARG) };
            text.truncate(len.saturating_sub(1));
            let n = text.len();
            text.push(0);
            text.truncate(len);
            k.user_write(pid, buffer, &text)?;
            Ok(n as i64)
        });
        Outcome::Wait(Box::new(super::exits::Await { of: pid, owner: false }), finish)
    }
}

/// Cut before a character that is not whole.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(why) if why.error_len().is_none() => &bytes[..why.valid_up_to()],
        _ => bytes,
    }
}

/// A wait that is over at once.
pub(crate) fn done(count: u64) -> Step {
    Step::Done(Ok(Value::Count(count)))
}
