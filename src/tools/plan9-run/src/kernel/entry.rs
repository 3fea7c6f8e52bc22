//! Into the kernel and out of it: a stop becomes a system call or a trap, a result becomes registers
//! (`pc64/trap.c:syscall`, `port/sysproc.c:dosyscall`).

use super::proc::{Blocked, Call, State, Then};
use super::tracee::Regs;
use super::user::BAD_ARG;
use super::{Kernel, NoteKind};
use crate::dev::{Breakable, Error, Operation, Pid, Result, Started, Step, Value};
use crate::mnt::clunk;
use crate::{chan, ip, mnt};
use plan9_abi::layout::{ERRMAX, MAX_ARGS};
use plan9_abi::sysno;

/// What registers hold that a system call does not preserve.
const DESTROYED: u64 = 0xBAD0_BAD0_BAD0_BAD0;

/// How a system call goes on after its handler has run.
pub(crate) enum Outcome {
    Done(Result<i64>),
    Wait(Box<dyn Operation>, chan::Finish),
    /// The registers are set: `noted`, `exec`.
    Registers,
    /// The proc is gone.
    Gone,
}

impl Kernel {
    /// A proc stopped at a system call.
    pub(crate) fn enter(&mut self, pid: Pid) {
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        let Some(regs) = proc.tracee.as_ref().and_then(|tracee| tracee.regs().ok()) else { return };
        proc.regs = Some(regs);
        proc.at = State::Kernel;
        proc.cycles.enter();
        proc.in_call = true;
        self.hide_step(pid);
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        // The number is a `ulong`: 32 bits.
        proc.call = Call { number: regs.rbp & 0xFFFF_FFFF, args: [0; MAX_ARGS] };
        let return_address = match self.options.wants_return_address() {
            true => self.user_check(pid, regs.rsp, 8, false),
            false => Ok(()),
        };
        let words = return_address
            .and_then(|()| self.user_read(pid, regs.rsp.wrapping_add(8), 8 * MAX_ARGS));
        let outcome = match words {
            Err(why) => Outcome::Done(Err(why)),
            Ok(bytes) => {
                let mut args = [0; MAX_ARGS];
                for (arg, word) in args.iter_mut().zip(bytes.chunks_exact(8)) {
                    *arg = u64::from_le_bytes(word.try_into().unwrap_or_default());
                }
                if let Some(proc) = self.procs.get_mut(&pid) {
                    proc.call.args = args;
                }
                let number = regs.rbp & 0xFFFF_FFFF;
                let sought = self.seek_operation(pid, number as usize, &args);
                self.point_in_call(pid, number);
                self.stats.count(number);
                self.trace_call(pid);
                match sought {
                    Ok(()) => self.dispatch(pid, number, args),
                    Err(why) => Outcome::Done(Err(why)),
                }
            }
        };
        self.go_on(pid, outcome);
        self.advance(pid);
        if self.procs.get(&pid).is_some_and(|proc| proc.blocked.is_some()) {
            let number = self.procs.get(&pid).map_or(0, |proc| proc.call.number);
            self.point_in_call(pid, number);
        }
    }

    /// What a run of a system call came to: its end, a wait, or a message to a file server and then another run.
    fn go_on(&mut self, pid: Pid, outcome: Outcome) {
        if let Some(operation) = mnt::asked(self, pid) {
            return self.wait_for(pid, operation, Then::Again);
        }
        mnt::end(self, pid);
        match outcome {
            Outcome::Done(result) => self.settle(pid, result),
            Outcome::Wait(operation, finish) => self.wait_for(pid, operation, Then::Finish(finish)),
            Outcome::Registers => {
                self.trace(pid, &Ok(0));
                self.leave(pid);
            }
            Outcome::Gone => {}
        }
    }

    fn wait_for(&mut self, pid: Pid, operation: Box<dyn Operation>, then: Then) {
        if let Some(proc) = self.procs.get_mut(&pid) {
            proc.blocked = Some(Blocked { operation, then, on: None });
        }
    }

    /// Steps what has not been stepped yet: a call may begin one wait after another without ever having to. No call of
    /// another wait begins inside one, or a server that answers in advance could make the kernel's stack overflow.
    fn advance(&mut self, pid: Pid) {
        while self
            .procs
            .get(&pid)
            .and_then(|proc| proc.blocked.as_ref())
            .is_some_and(Blocked::is_new)
        {
            self.step_once(pid);
        }
    }

    /// A wait is over.
    fn resume(&mut self, pid: Pid, then: Then, value: Result<Value>) {
        match then {
            Then::Finish(finish) => {
                let result = finish(self, pid, value);
                self.settle(pid, result);
            }
            Then::Again => {
                mnt::answered(self, pid, value);
                let Some(Call { number, args }) = self.procs.get(&pid).map(|proc| proc.call) else {
                    return;
                };
                mnt::begin(self, pid);
                let outcome = self.dispatch(pid, number, args);
                self.go_on(pid, outcome);
            }
        }
    }

    /// A system call has its result, which the program gets once the file servers know what it let go of.
    fn settle(&mut self, pid: Pid, result: Result<i64>) {
        match clunk::dropped(self) {
            None => self.complete(pid, result),
            Some(clunks) => {
                let finish: chan::Finish = Box::new(move |_, _, _| result);
                self.wait_for(pid, Box::new(clunks), Then::Finish(finish));
            }
        }
    }

    fn dispatch(&mut self, pid: Pid, number: u64, args: [u64; MAX_ARGS]) -> Outcome {
        if let Some(outcome) = self.proc_call(pid, number as usize, args) {
            return outcome;
        }
        match chan::syscall(self, pid, number, args) {
            Some(call) => match call.started {
                Started::Done(value) => Outcome::Done((call.finish)(self, pid, value)),
                Started::Blocked(operation) => Outcome::Wait(operation, call.finish),
            },
            None => {
                let _ = self.post_note(pid, b"sys: bad sys call", NoteKind::Debug);
                Outcome::Done(Err(BAD_ARG))
            }
        }
    }

    /// Steps a waiting system call.
    pub(crate) fn step(&mut self, pid: Pid) {
        self.step_once(pid);
        self.advance(pid);
    }

    fn step_once(&mut self, pid: Pid) {
        let Some(mut blocked) = self.procs.get_mut(&pid).and_then(|proc| proc.blocked.take())
        else {
            return;
        };
        if let Some(proc) = self.procs.get_mut(&pid) {
            proc.cycles.wake();
        }
        match blocked.operation.step(self, pid) {
            Step::Done(value) => self.resume(pid, blocked.then, value),
            Step::Wait(id, breakable) => {
                let Some(proc) = self.procs.get_mut(&pid) else { return };
                let heard = proc.kill_asked && !proc.kill_unheard;
                let killed = heard && breakable != Breakable::OnceKilled;
                let broken = breakable == Breakable::ByNotes && proc.notepending;
                proc.notepending &= breakable != Breakable::Swallows;
                blocked.on = Some((id, breakable));
                proc.blocked = Some(blocked);
                proc.cycles.sleep();
                if broken || killed {
                    self.break_once(pid);
                } else {
                    self.waiters.entry(id).or_default().push_back(pid);
                }
            }
        }
    }

    /// A wait ends without what it waited for.
    pub(crate) fn break_wait(&mut self, pid: Pid) {
        self.break_once(pid);
        self.advance(pid);
    }

    fn break_once(&mut self, pid: Pid) {
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        let Some(mut blocked) = proc.blocked.take() else { return };
        if let Some((id, breakable)) = blocked.on {
            if breakable == Breakable::ByNotes {
                proc.notepending = false;
            }
            if let Some(queue) = self.waiters.get_mut(&id) {
                queue.retain(|&waiter| waiter != pid);
            }
        }
        if blocked.operation.goes_on(self, pid) {
            return self.wait_for(pid, blocked.operation, blocked.then);
        }
        let value = blocked.operation.interrupted(self, pid);
        self.resume(pid, blocked.then, value);
    }

    /// Steps every operation whose wait was ended, until none is left.
    pub(crate) fn step_woken(&mut self) {
        loop {
            clunk::sweep(self);
            let woken = self.waits.take();
            if woken.is_empty() {
                return;
            }
            for id in woken {
                if id == self.net.tick {
                    ip::tick(self);
                    continue;
                }
                if self.chaos_woken(id) || self.ring(id) {
                    continue;
                }
                clunk::woken(self, id);
                for pid in self.waiters.remove(&id).unwrap_or_default() {
                    self.step(pid);
                }
            }
        }
    }

    /// A system call has its result.
    pub(crate) fn complete(&mut self, pid: Pid, result: Result<i64>) {
        self.trace(pid, &result);
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        let value = match result {
            Ok(value) => value as u64,
            Err(Error(text)) => {
                let cut = (0..ERRMAX).rev().find(|&n| text.is_char_boundary(n) || n >= text.len());
                proc.errstr = text.as_bytes()[..cut.unwrap_or(0).min(text.len())].to_vec();
                u64::MAX
            }
        };
        if let Some(regs) = &mut proc.regs {
            return_value(regs, value);
        }
        self.point_behind_call(pid);
        self.leave(pid);
    }

    /// Back to user mode, by way of ctl messages and notes.
    pub(crate) fn leave(&mut self, pid: Pid) {
        // It may have died in its last system call.
        let Some(proc) = self.procs.get_mut(&pid).filter(|proc| proc.at != State::Broken) else {
            return;
        };
        if proc.kill_asked {
            self.exit(pid, b"Killed");
            return;
        }
        if proc.stop_asked {
            proc.at = State::Stopped;
            proc.cycles.sleep();
            let wait = proc.wait;
            self.waits.wake(wait);
            return;
        }
        let number = proc.call.number as usize;
        let unnoticed = self.options.old() && proc.in_call && number == sysno::RFORK;
        proc.in_call = false;
        if !unnoticed && !self.deliver(pid) || self.forbidden_instruction(pid) {
            return;
        }
        self.write_tos(pid);
        let watched = self.procs.get(&pid).is_some_and(|proc| self.watches(proc));
        let step = watched || self.steps(pid);
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        proc.at = State::User;
        let (Some(tracee), Some(regs)) = (&proc.tracee, &mut proc.regs) else { return };
        regs.orig_rax = u64::MAX;
        regs.fs_base = 0;
        regs.gs_base = 0;
        let set = tracee.set_regs(regs);
        if set.is_ok() && !step && self.held_at_exit(pid) {
            return;
        }
        let Some(tracee) = self.procs.get(&pid).and_then(|proc| proc.tracee.as_ref()) else {
            return;
        };
        let going = set.and_then(|()| match step {
            true => tracee.step(),
            false => tracee.resume(),
        });
        if going.is_err() {
            // It died under us; a wait for it may have been told already.
            self.exit(pid, b"Killed");
        }
    }
}

/// An operation's count as a system call's result.
pub(crate) fn count() -> chan::Finish {
    Box::new(|_, _, value| match value? {
        Value::Count(n) => Ok(n as i64),
        _ => Ok(0),
    })
}

/// The registers as a system call leaves them: the result, and nothing that the kernel does not keep
/// (`pc64/l.s:forkret`).
pub(crate) fn return_value(regs: &mut Regs, value: u64) {
    regs.rax = value;
    for register in [
        &mut regs.rbx,
        &mut regs.rdx,
        &mut regs.rsi,
        &mut regs.rdi,
        &mut regs.rbp,
        &mut regs.r8,
        &mut regs.r9,
        &mut regs.r10,
        &mut regs.r12,
        &mut regs.r13,
    ] {
        *register = DESTROYED;
    }
    regs.rcx = regs.rip;
    regs.r11 = regs.eflags;
}
