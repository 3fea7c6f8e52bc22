//! The program's memory as system calls reach it (`port/fault.c:validaddr`).

use super::memory::{self, find};
use super::{Kernel, NoteKind};
use crate::dev::{Pid, Result, error};

/// `port/error.h:Ebadarg`
pub const BAD_ARG: crate::dev::Error = error("bad arg in system call");

impl Kernel {
    /// Checks a range before a call that may block; also with length 0 the address must lie in a segment. A bad one
    /// posts the fatal note and fails.
    pub fn user_check(&mut self, pid: Pid, addr: u64, len: usize, write: bool) -> Result<()> {
        let Some(proc) = self.procs.get(&pid) else { return Err(BAD_ARG) };
        if (len as u64) < 1 << 31 && memory::okay(&proc.space, addr, len, write) {
            return Ok(());
        }
        let pc = proc.regs.map_or(0, |regs| regs.rip);
        self.pprint(
            pid,
            &format!("suicide: invalid address {addr:#x}/{len} in sys call pc={pc:#x}\n"),
        );
        let _ = self.post_note(pid, b"sys: bad address in syscall", NoteKind::Debug);
        Err(BAD_ARG)
    }

    /// Copies `len` bytes of the program's memory.
    pub fn user_read(&mut self, pid: Pid, addr: u64, len: usize) -> Result<Vec<u8>> {
        self.user_check(pid, addr, len, false)?;
        let mut bytes = vec![0; len];
        if self.peek(pid, addr, &mut bytes) { Ok(bytes) } else { Err(BAD_ARG) }
    }

    /// Copies bytes into the program's memory.
    pub fn user_write(&mut self, pid: Pid, addr: u64, bytes: &[u8]) -> Result<()> {
        self.user_check(pid, addr, bytes.len(), true)?;
        if self.poke(pid, addr, bytes) { Ok(()) } else { Err(BAD_ARG) }
    }

    /// A NUL-terminated string, without the NUL.
    pub fn user_bytes(&mut self, pid: Pid, addr: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut at = addr;
        loop {
            self.user_check(pid, at, 1, false)?;
            let page_end = (at & !(plan9_abi::layout::PAGE - 1)) + plan9_abi::layout::PAGE;
            let mut part = vec![0; (page_end - at) as usize];
            if !self.peek(pid, at, &mut part) {
                return Err(BAD_ARG);
            }
            if let Some(end) = part.iter().position(|&b| b == 0) {
                bytes.extend(&part[..end]);
                return Ok(bytes);
            }
            bytes.extend(part);
            if bytes.len() as u64 > plan9_abi::layout::USTKSIZE {
                return Err(BAD_ARG);
            }
            at = page_end;
        }
    }

    /// A NUL-terminated string, bytes that are no UTF-8 replaced by U+FFFD.
    pub fn user_str(&mut self, pid: Pid, addr: u64) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.user_bytes(pid, addr)?).into_owned())
    }

    /// Reads without a note for a bad address; false if any byte is not mapped.
    pub(crate) fn peek(&self, pid: Pid, addr: u64, into: &mut [u8]) -> bool {
        let Some(proc) = self.procs.get(&pid) else { return false };
        let (mut at, mut rest) = (addr, into);
        while !rest.is_empty() {
            let Some(segment) = find(&proc.space, at) else { return false };
            let n = rest.len().min((segment.top() - at) as usize);
            let (part, behind) = rest.split_at_mut(n);
            let body = proc.tracee.as_ref();
            if !segment.read(at, part) && body.is_none_or(|tracee| tracee.read(at, part).is_err()) {
                return false;
            }
            at += n as u64;
            rest = behind;
        }
        true
    }

    /// Writes without a note for a bad address; false if any byte is not mapped or is text.
    pub(crate) fn poke(&self, pid: Pid, addr: u64, bytes: &[u8]) -> bool {
        let Some(proc) = self.procs.get(&pid) else { return false };
        let (mut at, mut rest) = (addr, bytes);
        while !rest.is_empty() {
            let segment = find(&proc.space, at).filter(|segment| segment.writable());
            let Some(segment) = segment else { return false };
            let (part, behind) = rest.split_at(rest.len().min((segment.top() - at) as usize));
            let body = proc.tracee.as_ref();
            if !segment.write(at, part) && body.is_none_or(|tracee| tracee.write(at, part).is_err())
            {
                return false;
            }
            at += part.len() as u64;
            rest = behind;
        }
        true
    }

    pub(crate) fn peek_word(&self, pid: Pid, addr: u64) -> Option<u64> {
        let mut word = [0; 8];
        self.peek(pid, addr, &mut word).then(|| u64::from_le_bytes(word))
    }
}
