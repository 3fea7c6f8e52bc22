//! A note at a chosen instruction of a timed operation, for `--inject`.
//!
//! A deadline of our std may fire at any instruction between arming and disarming. This finds them all: the main
//! proc is stepped from a `sleep(0)` on, which the program calls before each operation, and what is to come is posted
//! at the first point that no operation was hit at before. When operations end without one, all have been tried.
//!
//! A point is an instruction and the phase of the slot, Armed also the depth of the stack; so a loop in which the owner
//! waits is one round of it. A system call counts as three points: on the way in, asleep, and on the way out. With a
//! deadline the slot must be Armed; notes alone may come as long as it is not Idle, and at the first instruction then.
//! A deadline that is to come also comes to a proc asleep in a call that was hit there before, for it would never end.
//!
//! The machine posts a deadline's note as the deadline thread does, with the thread's own source files: it moves the
//! clock to the deadline, claims the slot, posts, and says that it has. The clock must be one that it can move, so a
//! program is not told the rate of the cycle counter.
//!
//! The machine and the program share one processor of the host: a step that wakes another one takes five times as long.

use super::proc::State;
use super::tracee::{Stop, TRAP_FLAG, TRAP_TRACE};
use super::{Kernel, NoteKind, memory};
use crate::dev::{self, Pid, error};
use plan9_abi::aout::{HEADER_SIZE, Header};
use plan9_abi::sysno;
use rustix::thread::{CpuSet, sched_getcpu, sched_setaffinity};
use slot::{AGAIN, Phase, Slot};
use std::collections::HashSet;
use std::str::FromStr;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Acquire;

#[allow(dead_code, reason = "the owner's half belongs to the program")]
#[path = "../../../../../library/std/src/sys/pal/plan9/deadline/slot.rs"]
mod slot;

#[allow(dead_code, reason = "the prefix is the note handler's")]
#[path = "../../../../../library/std/src/sys/pal/plan9/deadline/text.rs"]
mod text;

/// The main thread's control block, which begins with its slot.
const MAIN_THREAD: &[u8] = b"__rust_plan9_main_thread";
/// Set in the type byte of a symbol.
const SYMBOL_BIT: u8 = 0x80;
/// Steps in a row before others have their turn.
const BURST: usize = 512;
/// Operations in a row without a new point: there is none. Few would not tell, for no two of them need take the same way.
const LAST_MISSES: usize = 20;

/// What is posted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Post {
    Deadline,
    Note(String),
}

/// What is posted, in order: `deadline`, `note:TEXT`, or both with a `+` between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posts(Vec<Post>);

impl FromStr for Posts {
    type Err = String;

    fn from_str(text: &str) -> Result<Posts, String> {
        let post = |part: &str| match part.split_once(':') {
            None if part == "deadline" => Ok(Post::Deadline),
            Some(("note", words)) if !words.is_empty() => Ok(Post::Note(words.to_string())),
            _ => Err(format!("{part:?} is neither deadline nor note:TEXT")),
        };
        text.split('+').map(post).collect::<Result<_, _>>().map(Posts)
    }
}

/// What `--inject` asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    posts: Posts,
    /// The address of the main thread's slot.
    slot: u64,
}

impl Plan {
    /// For the program in `file`; `None` if it has no slot.
    pub fn new(posts: Posts, file: &[u8]) -> Option<Plan> {
        Some(Plan { posts, slot: symbol(file, MAIN_THREAD)? })
    }
}

/// The value of a symbol of an executable (man 6/a.out).
fn symbol(file: &[u8], wanted: &[u8]) -> Option<u64> {
    let header = Header::parse(file).ok()?;
    let start = HEADER_SIZE + header.text as usize + header.data as usize;
    let mut rest = file.get(start..start + header.symbols as usize)?;
    loop {
        let (value, behind) = rest.split_first_chunk::<8>()?;
        let (kind, behind) = behind.split_first()?;
        let end = behind.iter().position(|&byte| byte == 0)?;
        if kind & SYMBOL_BIT != 0 && &behind[..end] == wanted {
            return Some(u64::from_be_bytes(*value));
        }
        rest = &behind[end + 1..];
    }
}

/// Where the stepping stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stepping {
    /// Not at all.
    Off,
    /// An operation is to be armed.
    Seeking,
    /// One is armed.
    Open,
}

/// Where a proc stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    User,
    Asleep,
    /// In a system call that has or has not been done.
    Call {
        done: bool,
    },
}

/// A phase, a place, a program counter, and where it tells calls of one function apart the stack pointer.
type Point = (u64, Place, u64, u64);

/// The work under way.
#[derive(Debug)]
pub(crate) struct Injection {
    plan: Plan,
    stepping: Stepping,
    /// This operation's own deadline has fired.
    fired: bool,
    /// This operation's call has been made.
    called: bool,
    hits: HashSet<Point>,
    misses: usize,
}

impl Injection {
    pub fn new(plan: Plan) -> Injection {
        let hits = HashSet::new();
        let stepping = Stepping::Off;
        Injection { plan, stepping, fired: false, called: false, hits, misses: 0 }
    }

    /// One line: how many points were hit, and whether there are more.
    pub fn report(&self) -> String {
        let end = if self.is_complete() { "all" } else { "more are left" };
        format!("inject: {} points, {end}\n", self.hits.len())
    }

    fn is_complete(&self) -> bool {
        self.misses >= LAST_MISSES
    }

    /// The operation has ended without a new point. One whose deadline fired before it made its call tells nothing.
    fn miss(&mut self) {
        self.stepping = Stepping::Off;
        self.misses += usize::from(self.called || !self.fired);
    }

    /// True if the point is new, and is hit now.
    fn hit(&mut self, point: Point) -> bool {
        let new = self.hits.insert(point);
        if new {
            self.stepping = Stepping::Off;
            self.misses = 0;
        }
        new
    }

    /// Notes alone can come when no deadline can be claimed.
    fn is_note(&self) -> bool {
        !self.plan.posts.0.contains(&Post::Deadline)
    }
}

/// Keeps this process and those that it starts to the processor on which it runs. Where that is refused, steps are slow.
pub fn stay_on_one_processor() {
    let mut here = CpuSet::new();
    here.set(sched_getcpu());
    let _ = sched_setaffinity(None, &here);
}

impl Kernel {
    /// Whether a proc is to be stepped.
    pub(crate) fn steps(&self, pid: Pid) -> bool {
        pid == self.first
            && self.inject.as_ref().is_some_and(|inject| inject.stepping != Stepping::Off)
    }

    /// The main proc makes a system call: `sleep(0)` begins the stepping. It fails when every point has been hit, so that
    /// the program may end.
    pub(crate) fn seek_operation(
        &mut self,
        pid: Pid,
        number: usize,
        args: &[u64],
    ) -> dev::Result<()> {
        let idle = self.slot(pid).is_some_and(|slot| phase(slot) == Phase::Idle as u64);
        if let Some(inject) = &mut self.inject
            && pid == self.first
            && number == sysno::SLEEP
            && args[0] as i32 == 0
            && idle
        {
            if inject.is_complete() {
                return Err(error("every point was hit"));
            }
            inject.stepping = Stepping::Seeking;
            (inject.fired, inject.called) = (false, false);
        }
        Ok(())
    }

    /// True if the signal is the end of one step; then the proc goes on.
    pub(crate) fn stepped(&mut self, pid: Pid, signal: i32) -> bool {
        if signal != libc::SIGTRAP || self.inject.is_none() || pid != self.first {
            return false;
        }
        let tracee = self.procs.get(&pid).and_then(|proc| proc.tracee.as_ref());
        if tracee.and_then(|tracee| tracee.signal_info().ok()).map(|info| info.0)
            != Some(TRAP_TRACE)
        {
            return false;
        }
        for _ in 0..BURST {
            let Some(proc) = self.procs.get_mut(&pid) else { return true };
            proc.regs = proc.tracee.as_ref().and_then(|tracee| tracee.regs().ok());
            if let Some(regs) = &mut proc.regs {
                regs.eflags &= !TRAP_FLAG;
            }
            if self.is_point(pid, Place::User) {
                if let Some(proc) = self.procs.get_mut(&pid) {
                    proc.at = State::Kernel;
                    proc.cycles.enter();
                }
                self.post_all(pid);
                self.leave(pid);
                return true;
            }
            let steps = self.steps(pid);
            let Some(tracee) = self.procs.get(&pid).and_then(|proc| proc.tracee.as_ref()) else {
                return true;
            };
            if !steps {
                // A failure means that it is gone; the wait for it will say so.
                let _ = tracee.regs().and_then(|mut regs| {
                    regs.eflags &= !TRAP_FLAG;
                    tracee.set_regs(&regs)?;
                    tracee.resume()
                });
                return true;
            }
            let tid = tracee.tid();
            match tracee.step().and_then(|()| tracee.wait()) {
                Ok(Stop::Signal(libc::SIGTRAP)) => {}
                Ok(stop) => {
                    self.stopped(tid, stop);
                    return true;
                }
                Err(_) => return true,
            }
        }
        let tracee = self.procs.get(&pid).and_then(|proc| proc.tracee.as_ref());
        if let Some(tracee) = tracee {
            let _ = tracee.step();
        }
        true
    }

    /// A point within system call `number`: on the way in, or asleep.
    pub(crate) fn point_in_call(&mut self, pid: Pid, number: u64) {
        if !self.steps(pid) {
            return;
        }
        let asleep = self.procs.get(&pid).is_some_and(|proc| proc.blocked.is_some());
        let place = if asleep { Place::Asleep } else { Place::Call { done: false } };
        let timed = matches!(number as usize, sysno::PREAD | sysno::PWRITE | sysno::OPEN);
        if let Some(inject) = &mut self.inject {
            inject.called |= timed && inject.stepping == Stepping::Open;
        }
        if self.is_point(pid, place) {
            self.post_all(pid);
        } else if asleep && self.would_wait_for_ever(pid) {
            self.post_deadline(pid);
        }
    }

    /// True for a proc asleep until the deadline that is to be posted, at a point that was hit before.
    fn would_wait_for_ever(&mut self, pid: Pid) -> bool {
        let armed = self.slot(pid).is_some_and(|slot| slot.armed().is_some());
        let Some(inject) = &mut self.inject else { return false };
        let waits = armed && inject.stepping == Stepping::Open && !inject.is_note();
        if waits {
            inject.miss();
        }
        waits
    }

    /// The point behind a system call.
    pub(crate) fn point_behind_call(&mut self, pid: Pid) {
        if self.steps(pid) && self.is_point(pid, Place::Call { done: true }) {
            self.post_all(pid);
        }
    }

    /// True for a point that is to be hit.
    fn is_point(&mut self, pid: Pid, place: Place) -> bool {
        let Some(slot) = self.slot(pid) else { return false };
        // An operation without a deadline arms as well, with one that never comes.
        let armed = slot.armed().is_some_and(|(_, deadline)| deadline != u64::MAX);
        let phase = phase(slot);
        let Some(regs) = self.procs.get(&pid).and_then(|proc| proc.regs) else { return false };
        let Some(inject) = &mut self.inject else { return false };
        match inject.stepping {
            Stepping::Off => return false,
            Stepping::Seeking if !armed => return false,
            Stepping::Seeking => inject.stepping = Stepping::Open,
            Stepping::Open => {}
        }
        if armed {
            return inject.hit((phase, place, regs.rip, regs.rsp));
        }
        let over = phase == Phase::Idle as u64;
        inject.fired |= !over;
        let hit = inject.is_note() && inject.hit((phase, place, regs.rip, 0));
        if !hit && (over || !inject.is_note()) {
            inject.miss();
        }
        hit
    }

    /// Posts what was asked for, at this instruction.
    fn post_all(&mut self, pid: Pid) {
        let Some(inject) = &self.inject else { return };
        let posts = inject.plan.posts.0.clone();
        for post in posts {
            match post {
                Post::Deadline => self.post_deadline(pid),
                // A full queue refuses it, as it would anybody's.
                Post::Note(words) => drop(self.post_note(pid, words.as_bytes(), NoteKind::User)),
            }
        }
    }

    /// What the deadline thread does when the deadline has passed.
    fn post_deadline(&mut self, pid: Pid) {
        let Some((operation, deadline)) = self.slot(pid).and_then(Slot::armed) else { return };
        self.timers.skip_to(deadline);
        if self.slot(pid).is_some_and(|slot| slot.claim(operation)) {
            let note = text::note(operation.number());
            let accepted = self.post_note(pid, &note, NoteKind::User).is_ok();
            if let Some(slot) = self.slot(pid) {
                slot.posted(operation, accepted, deadline.saturating_add(AGAIN));
            }
        }
    }

    /// The main thread's slot in the program's memory.
    fn slot(&self, pid: Pid) -> Option<&Slot<AtomicU64>> {
        let at = self.inject.as_ref()?.plan.slot;
        let space = &self.procs.get(&pid)?.space;
        let place = memory::find(space, at)?.place(at, size_of::<Slot<AtomicU64>>())?;
        // SAFETY: the segment's memory, shared with the program, that long; the program aligns it to a cache line, and
        // both sides touch it as atomics. It lives as long as the proc, which is borrowed.
        Some(unsafe { &*place.cast() })
    }
}

/// The phase in the slot's word.
fn phase(slot: &Slot<AtomicU64>) -> u64 {
    slot.word.load(Acquire) & ((1 << slot::PHASE_BITS) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_posted_is_read_in_order() {
        let posts: Posts = "note:sys: write on closed pipe+deadline".parse().unwrap();
        let note = Post::Note("sys: write on closed pipe".into());
        assert_eq!(posts.0, [note, Post::Deadline]);
        assert!("note:".parse::<Posts>().is_err());
        assert!("later".parse::<Posts>().is_err());
    }
}
