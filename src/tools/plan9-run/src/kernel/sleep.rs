//! Sleeping and alarms (`port/alarm.c`, `port/proc.c:tsleep`). Neither ends early.

use super::calls::done;
use super::{Kernel, NoteKind};
use crate::dev::{Breakable, INTERRUPTED, Operation, Pid, Result, Step, Value, WaitId, error};

/// `sleep` until a time on the machine's clock.
pub(crate) struct Sleep {
    pub until: u64,
    pub wait: WaitId,
    pub armed: bool,
}

impl Operation for Sleep {
    fn step(&mut self, k: &mut Kernel, _pid: Pid) -> Step {
        if self.armed && k.mono_ns() >= self.until {
            return done(0);
        }
        k.timers.wake_at(self.until, self.wait);
        self.armed = true;
        Step::Wait(self.wait, Breakable::ByNotes)
    }

    fn interrupted(&mut self, k: &mut Kernel, _pid: Pid) -> Result<Value> {
        k.timers.cancel(self.until, self.wait);
        Err(INTERRUPTED)
    }
}

impl Kernel {
    /// Sets or clears the proc's one alarm; gives the milliseconds that were left of the old one.
    pub(crate) fn alarm(&mut self, pid: Pid, ms: u32) -> Result<i64> {
        let now = self.mono_ns();
        let proc = self.procs.get_mut(&pid).ok_or(error("process exited"))?;
        let left = proc.alarm.take().map_or(0, |at| {
            self.timers.cancel(at, proc.wait);
            at.saturating_sub(now) / 1_000_000
        });
        if ms != 0 {
            let at = now + u64::from(ms) * 1_000_000;
            proc.alarm = Some(at);
            self.timers.wake_at(at, proc.wait);
        }
        Ok(left as i64)
    }

    /// True if what was woken is a proc's alarm clock, whose note is then posted; dropped when five are queued.
    pub(crate) fn ring(&mut self, id: WaitId) -> bool {
        let now = self.mono_ns();
        let due = |at: Option<u64>| at.is_some_and(|at| at <= now);
        let rung = self.procs.values().find(|proc| proc.wait == id && due(proc.alarm));
        let Some(pid) = rung.map(|proc| proc.pid) else { return false };
        if let Some(proc) = self.procs.get_mut(&pid) {
            proc.alarm = None;
        }
        let _ = self.post_note(pid, plan9_abi::note::ALARM, NoteKind::User);
        true
    }
}
