//! What a debugger sees of a proc: memory and registers (`port/devproc.c:procctlmemio`, `procread`).

use super::memory::Segment;
use super::notes::{load_ureg, ureg_words};
use super::proc::State;
use super::user::BAD_ARG;
use super::{Kernel, memory};
use crate::dev::{Error, Pid, Result, error};
use plan9_abi::ureg;
use std::rc::Rc;

/// `port/error.h:Ebadctl`
const BAD_CTL: Error = error("bad process or channel control request");
/// `port/error.h:Enoreg`
const NO_REGISTERS: Error = error("process has no saved registers");
/// `port/error.h:Eprocdied`
const EXITED: Error = error("process exited");
/// The part of the vector state that `fpregs` shows: what FXSAVE writes.
const FP_SIZE: usize = 512;

/// A segment as `/proc/N/segment` shows it.
pub struct Shown {
    pub name: &'static str,
    pub writable: bool,
    pub base: u64,
    pub top: u64,
    /// Procs that have it.
    pub users: usize,
}

impl Kernel {
    /// The procs that share a segment.
    pub(crate) fn users(&self, segment: &Rc<Segment>) -> usize {
        let has = |proc: &&super::Proc| proc.space.iter().any(|own| Rc::ptr_eq(own, segment));
        self.procs.values().filter(has).count()
    }

    /// The segments of a proc, in the order of the kernel's table.
    pub fn segments(&self, pid: Pid) -> Vec<Shown> {
        let Some(proc) = self.procs.get(&pid) else { return Vec::new() };
        let show = |s: &Rc<Segment>| Shown {
            name: s.name(),
            writable: s.writable(),
            base: s.base,
            top: s.top(),
            users: self.users(s),
        };
        proc.space.iter().map(show).collect()
    }

    /// Reads a proc's memory, to the end of the segment at most.
    pub fn debug_read(&self, pid: Pid, at: u64, n: usize) -> Result<Vec<u8>> {
        let n = self.in_segment(pid, at, n)?;
        let mut bytes = vec![0; n];
        if self.peek(pid, at, &mut bytes) { Ok(bytes) } else { Err(BAD_ARG) }
    }

    /// Writes a stopped proc's memory, its text too: as breakpoints are set.
    pub fn debug_write(&self, pid: Pid, at: u64, bytes: &[u8]) -> Result<usize> {
        let proc = self.procs.get(&pid).ok_or(EXITED)?;
        if proc.at != State::Stopped {
            return Err(BAD_CTL);
        }
        let n = self.in_segment(pid, at, bytes.len())?;
        let tracee = proc.tracee.as_ref().ok_or(EXITED)?;
        if self.poke(pid, at, &bytes[..n]) || tracee.overwrite(at, &bytes[..n]).is_ok() {
            Ok(n)
        } else {
            Err(BAD_ARG)
        }
    }

    /// How much of a range lies in the segment of its start.
    fn in_segment(&self, pid: Pid, at: u64, n: usize) -> Result<usize> {
        let proc = self.procs.get(&pid).ok_or(EXITED)?;
        let segment = memory::find(&proc.space, at).ok_or(BAD_ARG)?;
        Ok(usize::try_from(segment.top() - at).map_or(n, |room| n.min(room)))
    }

    /// The Ureg of the proc's last entry into the kernel.
    pub fn ureg_image(&self, pid: Pid) -> Result<[u8; ureg::SIZE]> {
        let proc = self.procs.get(&pid).ok_or(EXITED)?;
        let regs = proc.regs.as_ref().ok_or(NO_REGISTERS)?;
        let mut image = [0; ureg::SIZE];
        for (offset, value) in ureg_words(regs) {
            image[offset..offset + 8].copy_from_slice(&value.to_le_bytes());
        }
        Ok(image)
    }

    /// Changes registers; of the flags the arithmetic ones alone (`pc64/trap.c:setregisters`).
    pub fn set_ureg_image(&mut self, pid: Pid, offset: usize, bytes: &[u8]) -> Result<usize> {
        let mut image = self.ureg_image(pid)?;
        let n = bytes.len().min(image.len().saturating_sub(offset));
        if n > 0 {
            image[offset..offset + n].copy_from_slice(&bytes[..n]);
        }
        if let Some(regs) = self.procs.get_mut(&pid).and_then(|proc| proc.regs.as_mut()) {
            let flags = regs.eflags;
            load_ureg(regs, &image);
            regs.eflags = regs.eflags & ureg::FLAGS_FROM_UREG | flags & !ureg::FLAGS_FROM_UREG;
            regs.rip &= super::notes::USER_PC;
        }
        Ok(n)
    }

    /// The floating-point state, of a proc that stands still.
    pub fn fp_image(&self, pid: Pid) -> Result<Vec<u8>> {
        let proc = self.procs.get(&pid).ok_or(EXITED)?;
        let tracee = proc.tracee.as_ref().filter(|_| proc.at != State::User);
        let mut state = tracee.ok_or(NO_REGISTERS)?.fp_state().map_err(|_| NO_REGISTERS)?;
        state.truncate(FP_SIZE);
        Ok(state)
    }

    /// Changes it.
    pub fn set_fp_image(&mut self, pid: Pid, offset: usize, bytes: &[u8]) -> Result<usize> {
        let proc = self.procs.get(&pid).ok_or(EXITED)?;
        let tracee = proc.tracee.as_ref().filter(|_| proc.at != State::User);
        let tracee = tracee.ok_or(NO_REGISTERS)?;
        let mut state = tracee.fp_state().map_err(|_| NO_REGISTERS)?;
        let n = bytes.len().min(FP_SIZE.saturating_sub(offset));
        if n > 0 {
            state[offset..offset + n].copy_from_slice(&bytes[..n]);
        }
        tracee.set_fp_state(&state).map_err(|_| BAD_ARG)?;
        Ok(n)
    }

    /// The floating-point state that comes back when the proc's note handler ends.
    pub fn note_fp_image(&self, pid: Pid) -> Result<Vec<u8>> {
        let proc = self.procs.get(&pid).ok_or(EXITED)?;
        let mut state = proc.saved_fp.clone().ok_or(NO_REGISTERS)?;
        state.truncate(FP_SIZE);
        Ok(state)
    }
}
