//! The kernel's state in one place, and what devices may ask of it.

pub mod options;
pub mod proc;
pub mod timers;

pub use options::Options;
pub use proc::{NoteKind, Proc};

use crate::dev::{Pid, Result, Waits, error};
use crate::{chan, ip, pipe};
use std::collections::BTreeMap;
use timers::Timers;

/// The machine.
pub struct Kernel {
    pub options: Options,
    pub waits: Waits,
    pub procs: BTreeMap<Pid, Proc>,
    pub timers: Timers,
    pub net: ip::Stack,
    pub pipes: pipe::Pipes,
    pub files: chan::Files,
}

impl Kernel {
    /// A machine with no procs yet.
    pub fn new(options: Options) -> Kernel {
        let mut waits = Waits::default();
        let net = ip::Stack::new(&options, &mut waits);
        Kernel {
            options,
            waits,
            procs: BTreeMap::new(),
            timers: Timers::default(),
            net,
            pipes: pipe::Pipes::default(),
            files: chan::Files::default(),
        }
    }

    /// A living proc.
    pub fn proc(&self, pid: Pid) -> Option<&Proc> {
        self.procs.get(&pid)
    }

    /// Copies `len` bytes of the program's memory. A bad address posts the fatal note and fails
    /// (`port/fault.c:validaddr`).
    pub fn user_read(&mut self, _pid: Pid, _addr: u64, _len: usize) -> Result<Vec<u8>> {
        Err(error("bad address in system call"))
    }

    /// A NUL-terminated string of the program's memory, bytes that are no UTF-8 replaced by U+FFFD.
    pub fn user_str(&mut self, _pid: Pid, _addr: u64) -> Result<String> {
        Err(error("bad address in system call"))
    }

    /// Copies bytes into the program's memory.
    pub fn user_write(&mut self, _pid: Pid, _addr: u64, _bytes: &[u8]) -> Result<()> {
        Err(error("bad address in system call"))
    }

    /// Checks a range before a call that may block, as `validaddr` does; also with length 0.
    pub fn user_check(&mut self, _pid: Pid, _addr: u64, _len: usize, _write: bool) -> Result<()> {
        Err(error("bad address in system call"))
    }

    /// Posts a note (`port/proc.c:postnote`): `note not posted` when five are queued.
    pub fn post_note(&mut self, _pid: Pid, _text: &[u8], _kind: NoteKind) -> Result<()> {
        Err(error("process exited"))
    }

    /// Posts a note to every proc of the group but `except` (`port/proc.c:postnotepg`).
    pub fn post_note_group(&mut self, _noteid: u32, _text: &[u8], _except: Pid) -> Result<()> {
        Err(error("process exited"))
    }

    /// ctl `interrupt`: the next wait fails, no note behind it.
    pub fn ctl_interrupt(&mut self, _pid: Pid) {}

    /// ctl `nointerrupt`: fails with `notes pending` while notes are queued.
    pub fn ctl_nointerrupt(&mut self, _pid: Pid) -> Result<()> {
        Ok(())
    }

    /// ctl `kill`.
    pub fn ctl_kill(&mut self, _pid: Pid) {}

    /// ctl `stop`: the proc stands still before it next enters user mode.
    pub fn ctl_stop(&mut self, _pid: Pid) {}

    /// ctl `start`.
    pub fn ctl_start(&mut self, _pid: Pid) {}

    /// Real time in nanoseconds since 1970, which the program sees in `/dev/bintime` and `nsec`.
    pub fn now_ns(&self) -> u64 {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos() as u64)
    }

    /// Monotonic nanoseconds since the machine started.
    pub fn mono_ns(&self) -> u64 {
        self.timers.mono_ns()
    }
}
