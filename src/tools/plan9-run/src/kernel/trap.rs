//! Faults of the program become the kernel's notes (`pc64/trap.c`, `port/fault.c`).

use super::proc::State;
use super::tracee::{Regs, TRAP_TRACE};
use super::{Kernel, NoteKind, fp, memory};
use crate::dev::Pid;
use iced_x86::{InstructionInfoFactory, OpAccess};

const SI_KERNEL: i32 = 0x80;
const FPE_INTDIV: i32 = 1;
const FPE_INTOVF: i32 = 2;
/// `si_code` of a fault where nothing is mapped.
const SEGV_MAPERR: i32 = 1;

impl Kernel {
    /// A proc stopped with a signal.
    pub(crate) fn trap(&mut self, pid: Pid, signal: i32) {
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        let Some(tracee) = &proc.tracee else { return };
        let (Ok(regs), Ok((code, address))) = (tracee.regs(), tracee.signal_info()) else { return };
        proc.regs = Some(regs);
        proc.at = State::Kernel;
        proc.cycles.enter();
        let stepped =
            signal == libc::SIGTRAP && code == TRAP_TRACE && self.watches(&self.procs[&pid]);
        if stepped {
            self.hide_step(pid);
            self.leave(pid);
            return;
        }
        if matches!(signal, libc::SIGSEGV | libc::SIGBUS)
            && (signal == libc::SIGBUS || code == SEGV_MAPERR)
            && self.map_again(pid, address, regs.rip)
        {
            self.leave(pid);
            return;
        }
        let Some(proc) = self.procs.get_mut(&pid) else { return };
        let Some(tracee) = &proc.tracee else { return };
        // code <= 0: somebody on the host sent it.
        let text = match signal {
            libc::SIGSEGV | libc::SIGBUS if code == SI_KERNEL => {
                Some("sys: trap: general protection violation".to_string())
            }
            libc::SIGSEGV | libc::SIGBUS if code > 0 => {
                let access = if self.writes_to(pid, &regs, address) { "write" } else { "read" };
                Some(format!("sys: trap: fault {access} addr={address:#x}"))
            }
            libc::SIGILL if code > 0 => Some("sys: trap: invalid opcode".to_string()),
            libc::SIGFPE if matches!(code, FPE_INTDIV | FPE_INTOVF) => {
                Some("sys: trap: divide error".to_string())
            }
            libc::SIGFPE if code > 0 => {
                Some(fp::note(&tracee.fp_state().unwrap_or_default(), regs.rip))
            }
            libc::SIGTRAP if code == SI_KERNEL => {
                if let Some(regs) = &mut proc.regs {
                    regs.rip -= 1;
                }
                Some("sys: breakpoint".to_string())
            }
            libc::SIGTRAP if code > 0 => Some("sys: debug exception dr6=0xffff4ff0".to_string()),
            _ => None,
        };
        if let Some(text) = text {
            let _ = self.post_note(pid, text.as_bytes(), NoteKind::Debug);
        }
        self.leave(pid);
    }

    /// Maps the segment that a fault lies in, where Linux had no mapping for it: attached memory that has grown, or bss
    /// where something was detached. False if that is not what is wrong.
    fn map_again(&mut self, pid: Pid, address: u64, pc: u64) -> bool {
        let Some(proc) = self.procs.get_mut(&pid) else { return false };
        if proc.mapped_again == Some((address, pc)) {
            return false;
        }
        let Some(segment) = memory::find(&proc.space, address) else { return false };
        let Some(tracee) = &proc.tracee else { return false };
        proc.mapped_again = Some((address, pc));
        segment.map_whole(tracee, &self.stack_pattern).is_ok()
    }

    /// Whether the instruction at the program counter writes to the address that faulted. Linux does not say.
    fn writes_to(&self, pid: Pid, regs: &Regs, address: u64) -> bool {
        let code = self.code_at(pid, regs.rip);
        if code.is_empty() || regs.rip == address {
            return false;
        }
        let instruction = fp::decode(&code, regs.rip);
        let mut factory = InstructionInfoFactory::new();
        let info = factory.info(&instruction);
        let near = |start: u64, size: usize| {
            address.wrapping_sub(start) < (size as u64).max(1)
                || start.wrapping_sub(address) < (size as u64).max(1)
        };
        let writes = |access| {
            matches!(
                access,
                OpAccess::Write
                    | OpAccess::ReadWrite
                    | OpAccess::CondWrite
                    | OpAccess::ReadCondWrite
            )
        };
        info.used_memory().iter().any(|memory| {
            let start = memory.virtual_address(0, |register, _, _| Some(value_of(regs, register)));
            writes(memory.access())
                && start.is_some_and(|start| near(start, memory.memory_size().size()))
        })
    }
}

fn value_of(regs: &Regs, register: iced_x86::Register) -> u64 {
    use iced_x86::Register as R;
    let full = match register.full_register() {
        R::RAX => regs.rax,
        R::RBX => regs.rbx,
        R::RCX => regs.rcx,
        R::RDX => regs.rdx,
        R::RSI => regs.rsi,
        R::RDI => regs.rdi,
        R::RBP => regs.rbp,
        R::RSP => regs.rsp,
        R::R8 => regs.r8,
        R::R9 => regs.r9,
        R::R10 => regs.r10,
        R::R11 => regs.r11,
        R::R12 => regs.r12,
        R::R13 => regs.r13,
        R::R14 => regs.r14,
        R::R15 => regs.r15,
        _ => 0,
    };
    if register.size() == 4 { full & 0xFFFF_FFFF } else { full }
}
