//! Note handlers under `--strict` and on kernels before 2025-04-05, which switch the floating-point unit off in them
//! (`pc64/fpu.c:mathemu`). Here the handler is stepped, and each instruction is looked at before it runs.
//!
//! Stepping makes a handler a thousand times slower than what runs beside it. A kernel's handler is over before its
//! poster can post again; here the poster would fill the queue each time, and the handler's proc would never come to
//! anything else. So the write of a note to a stepped proc is over when the handler is, or after [`LONGEST_HOLD`].

use super::proc::Proc;
use super::tracee::TRAP_FLAG;
use super::{Kernel, NoteKind, fp};
use crate::dev::{Breakable, Operation, Pid, Result, Step, Value};
use iced_x86::Mnemonic;

const FORBIDDEN: &[u8] = b"sys: floating point in note handler";
/// The longest instruction, in bytes.
const MAX_INSTRUCTION: usize = 15;
/// How long a poster waits for a stepped handler, in nanoseconds. Some handlers wait for what their poster does next.
const LONGEST_HOLD: u64 = 50_000_000;

/// The rest of a write to a note file whose proc is stepped through its handler. The note is posted already.
pub(crate) struct Posted {
    to: Pid,
    until: u64,
    result: Result<u64>,
}

impl Operation for Posted {
    fn step(&mut self, k: &mut Kernel, _pid: Pid) -> Step {
        let now = k.mono_ns();
        match k.procs.get(&self.to).filter(|proc| k.watches(proc) && now < self.until) {
            Some(proc) => Step::Wait(proc.wait, Breakable::ByNotes),
            None => Step::Done(self.result.clone().map(Value::Count)),
        }
    }

    fn interrupted(&mut self, _k: &mut Kernel, _pid: Pid) -> Result<Value> {
        self.result.clone().map(Value::Count)
    }
}

impl Kernel {
    /// Whether a proc's instructions are looked at one by one.
    pub(crate) fn watches(&self, proc: &Proc) -> bool {
        proc.notified && self.options.forbids_fp_in_handler()
    }

    /// What is left of a poster's write, if the proc that it posted to is stepped through its handler.
    pub(crate) fn posted(&mut self, to: Pid, by: Pid, result: Result<u64>) -> Option<Posted> {
        let until = self.mono_ns() + LONGEST_HOLD;
        let proc = self.procs.get(&to).filter(|proc| to != by && self.watches(proc))?;
        self.timers.wake_at(until, proc.wait);
        Some(Posted { to, until, result })
    }

    /// A proc has left its handler; those that posted to it go on.
    pub(super) fn left_handler(&mut self, pid: Pid) {
        if self.options.forbids_fp_in_handler()
            && let Some(proc) = self.procs.get(&pid)
        {
            self.waits.wake(proc.wait);
        }
    }

    /// Before a proc enters user mode in its handler: true if its next instruction kills it, and it is gone.
    pub(crate) fn forbidden_instruction(&mut self, pid: Pid) -> bool {
        let Some(proc) = self.procs.get(&pid).filter(|proc| self.watches(proc)) else {
            return false;
        };
        let Some(pc) = proc.regs.map(|regs| regs.rip) else { return false };
        let instruction = fp::decode(&self.code_at(pid, pc), pc);
        let pushes_flags =
            matches!(instruction.mnemonic(), Mnemonic::Pushf | Mnemonic::Pushfd | Mnemonic::Pushfq);
        if let Some(proc) = self.procs.get_mut(&pid) {
            proc.pushes_flags = pushes_flags;
        }
        if !fp::uses_unit(&instruction) {
            return false;
        }
        let _ = self.post_note(pid, FORBIDDEN, NoteKind::Debug);
        !self.deliver(pid)
    }

    /// After a step: the flags are the program's own, those that it pushed too. Linux shows the trap flag behind POPF.
    pub(crate) fn hide_step(&mut self, pid: Pid) {
        if !self.procs.get(&pid).is_some_and(|proc| self.watches(proc)) {
            return;
        }
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        if let Some(regs) = &mut proc.regs {
            regs.eflags &= !TRAP_FLAG;
        }
        if !std::mem::take(&mut proc.pushes_flags) {
            return;
        }
        if let Some(sp) = proc.regs.map(|regs| regs.rsp)
            && let Some(flags) = self.peek_word(pid, sp)
        {
            self.poke(pid, sp, &(flags & !TRAP_FLAG).to_le_bytes());
        }
    }

    /// The bytes at a program counter, as many as an instruction can have and are mapped.
    pub(super) fn code_at(&self, pid: Pid, pc: u64) -> Vec<u8> {
        let mut code = vec![0; MAX_INSTRUCTION];
        let mapped = (0..=code.len()).rev().find(|&n| self.peek(pid, pc, &mut code[..n]));
        code.truncate(mapped.unwrap_or(0));
        code
    }
}
