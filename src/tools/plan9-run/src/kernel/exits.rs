//! The end of a proc and its parent's wait (`port/proc.c:pexit`, `pwait`).

use super::proc::{State, Then, WaitRecord};
use super::{Kernel, quote, spell};
use crate::dev::{Breakable, INTERRUPTED, Operation, Pid, Result, Step, Value, error};
use crate::{chan, mnt};
use plan9_abi::layout::{ERRMAX, MAX_WAIT_RECORDS};

/// Broken procs that are kept (`port/proc.c:NBROKEN`).
const MAX_BROKEN: usize = 4;

impl Kernel {
    /// `exits(status)`.
    pub(crate) fn exits(&mut self, pid: Pid, status: u64) {
        let mut text = Vec::new();
        if status != 0 {
            text = match self.user_check(pid, status, 1, false) {
                Ok(()) => self.status_text(pid, status),
                Err(_) => b"invalid exit string".to_vec(),
            };
        }
        self.exit(pid, &text);
    }

    fn status_text(&self, pid: Pid, at: u64) -> Vec<u8> {
        let mut text = Vec::new();
        let mut byte = [0];
        while text.len() < ERRMAX - 1
            && self.peek(pid, at + text.len() as u64, &mut byte)
            && byte[0] != 0
        {
            text.push(byte[0]);
        }
        text
    }

    /// Ends a proc: gives up what it holds, leaves its record with its parent, frees its memory.
    pub(crate) fn exit(&mut self, pid: Pid, status: &[u8]) {
        if self.procs.get(&pid).is_some_and(|proc| proc.at != State::Broken) {
            self.finish(pid, status);
        }
        self.broken.retain(|&broken| broken != pid);
        let Some(proc) = self.procs.remove(&pid) else { return };
        if let Some(tracee) = &proc.tracee {
            tracee.kill();
            self.tids.remove(&tracee.tid());
        }
        self.waits.wake(proc.wait);
    }

    /// Ends a proc that a trap killed, but keeps its memory and registers to be looked at; of those kept the oldest goes.
    pub(crate) fn exit_broken(&mut self, pid: Pid, status: &[u8]) {
        self.finish(pid, status);
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        proc.at = State::Broken;
        proc.ppid = 0;
        proc.children = 0;
        proc.wait_records.clear();
        proc.notes.clear();
        self.waits.wake(proc.wait);
        self.broken.push_back(pid);
        if self.broken.len() > MAX_BROKEN
            && let Some(oldest) = self.broken.pop_front()
        {
            self.exit(oldest, b"");
        }
    }

    /// What both ends have in common (`port/proc.c:pexit`).
    fn finish(&mut self, pid: Pid, status: &[u8]) {
        let died = spell::quoted(status);
        self.trace_line(pid, &format!("ends: {died}"));
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        if let Some(mut blocked) = proc.blocked.take() {
            if let Some((id, _)) = blocked.on
                && let Some(queue) = self.waiters.get_mut(&id)
            {
                queue.retain(|&waiter| waiter != pid);
            }
            // Its result goes nowhere, but what it holds is let go of.
            let value = blocked.operation.interrupted(self, pid);
            if let Then::Finish(finish) = blocked.then {
                let _ = finish(self, pid, value);
            }
        }
        mnt::end(self, pid);
        chan::exit(self, pid);
        let now = self.mono_ns();
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        if let Some(at) = proc.alarm.take() {
            self.timers.cancel(at, proc.wait);
        }
        let [user, system, real] = proc.times(now);
        let [user, system] = [user + proc.children_times[0], system + proc.children_times[1]];
        let mut text = Vec::new();
        if !status.is_empty() {
            text = format!("{} {}: ", proc.name, pid).into_bytes();
            text.extend(status);
            text.truncate(ERRMAX - 1);
        }
        let ppid = proc.ppid;
        if pid == self.first {
            self.status = Some(status.to_vec());
        }
        let Some(parent) = self.procs.get_mut(&ppid) else { return };
        // A broken parent has stopped counting.
        parent.children = parent.children.saturating_sub(1);
        parent.children_times[0] += user;
        parent.children_times[1] += system;
        if parent.at != State::Broken && parent.wait_records.len() < MAX_WAIT_RECORDS {
            let record = WaitRecord { pid, times: [user, system, real], text };
            parent.wait_records.push_front(record);
        }
        let wait = parent.wait;
        self.waits.wake(wait);
    }
}

/// Waits for a child of `of`: `await`, or a read of `/proc/N/wait`.
pub struct Await {
    pub of: Pid,
    /// This one holds the wait queue.
    pub owner: bool,
}

impl Await {
    fn release(&mut self, k: &mut Kernel) {
        if let Some(proc) = k.procs.get_mut(&self.of).filter(|_| self.owner) {
            proc.wait_busy = false;
        }
        self.owner = false;
    }
}

impl Operation for Await {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        let Some(proc) = k.procs.get_mut(&self.of) else {
            return Step::Done(Err(error("process exited")));
        };
        if !self.owner && proc.wait_busy {
            return Step::Done(Err(error("device or object already in use")));
        }
        proc.wait_busy = true;
        self.owner = true;
        if let Some(record) = proc.wait_records.pop_front() {
            self.release(k);
            let [user, system, real] = record.times;
            let mut text = format!("{} {user} {system} {real} ", record.pid).into_bytes();
            text.extend(quote::quoted(&record.text));
            return Step::Done(Ok(Value::Bytes(text)));
        }
        if proc.children == 0 && self.of == pid {
            self.release(k);
            return Step::Done(Err(error("no living children")));
        }
        Step::Wait(proc.wait, Breakable::ByNotes)
    }

    fn interrupted(&mut self, k: &mut Kernel, _pid: Pid) -> Result<Value> {
        self.release(k);
        Err(INTERRUPTED)
    }
}
