//! Note handlers under `--strict` and on kernels before 2025-04-05, which switch the floating-point unit off in them
//! (`pc64/fpu.c:mathemu`). Here the handler is stepped, and each instruction is looked at before it runs.

use super::proc::Proc;
use super::{Kernel, NoteKind, fp};
use crate::dev::Pid;
use iced_x86::Mnemonic;

const FORBIDDEN: &[u8] = b"sys: floating point in note handler";
/// The trap flag, which stepping sets behind the program's back.
const TRAP_FLAG: u64 = 0x100;
/// The longest instruction, in bytes.
const MAX_INSTRUCTION: usize = 15;

impl Kernel {
    /// Whether a proc's instructions are looked at one by one.
    pub(crate) fn watches(&self, proc: &Proc) -> bool {
        proc.notified && self.options.forbids_fp_in_handler()
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
