//! The thread that a child has: it forks the child, says whether the program began, and takes its
//! wait record.
//!
//! | phase | who moves on | to |
//! |---|---|---|
//! | `Starting` | the reaper, when exec has happened or failed | `Running`, `Failed` |
//! | `Running` | the reaper, when it has the wait record | `Ended` |
//!
//! All under the lock; a change wakes everybody who waits for one.

use plan9_abi::note;
use plan9_abi::sys::process;

use super::fork_exec;
use super::fork_exec::Image;
use super::status::ExitStatus;
use crate::io;
use crate::sync::Arc;
use crate::sync::nonpoison::{Condvar, Mutex, MutexGuard};
use crate::sys::io::codes;
use crate::sys::pal::{cvt, proc_file};
use crate::sys::thread::service;
use crate::time::Duration;

/// A reaper's stack, in bytes.
const STACK: usize = 64 << 10;
/// How long a child has to end by the note `kill`.
const GRACE: Duration = Duration::from_millis(250);
/// A wait record is no longer, in bytes: four numbers, a name, a pid and ERRMAX bytes of text, all
/// quoted.
const RECORD: usize = 512;

#[derive(Clone, Copy)]
enum Phase {
    Starting,
    Running(u32),
    Failed(i32),
    Ended(u32, ExitStatus),
}

struct Child {
    phase: Mutex<Phase>,
    changed: Condvar,
}

impl Child {
    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock()
    }

    fn becomes(&self, phase: Phase) {
        *self.phase() = phase;
        self.changed.notify_all();
    }

    fn past(&self, before: fn(&Phase) -> bool) -> Phase {
        let mut phase = self.phase();
        self.changed.wait_while(&mut phase, |phase| before(phase));
        *phase
    }
}

pub struct Process {
    id: u32,
    child: Arc<Child>,
}

/// Starts a program; comes back when it has begun or cannot.
pub fn start(image: Image) -> io::Result<Process> {
    let child = Arc::new(Child { phase: Mutex::new(Phase::Starting), changed: Condvar::new() });
    let reaped = child.clone();
    service("reaper", STACK, move || {
        match fork_exec::launch(image) {
            Ok(pid) => {
                reaped.becomes(Phase::Running(pid));
                reaped.becomes(Phase::Ended(pid, wait(pid)));
            }
            Err(why) => {
                // Whatever a launch does is a system call, whose failure has a text.
                let code = why.raw_os_error();
                reaped.becomes(Phase::Failed(code.unwrap_or_else(|| codes::code_of(b"i/o error"))));
            }
        }
    })?;
    match child.past(|phase| matches!(phase, Phase::Starting)) {
        Phase::Failed(code) => Err(io::Error::from_raw_os_error(code)),
        Phase::Running(id) | Phase::Ended(id, _) => Ok(Process { id, child }),
        Phase::Starting => unreachable!(),
    }
}

/// The wait record of this thread's only child.
fn wait(pid: u32) -> ExitStatus {
    loop {
        let mut record = [0; RECORD];
        match cvt(process::await_child(&mut record)) {
            Ok(n) => {
                let record = &record[..n];
                let number = record.split(|&byte| byte == b' ').next().unwrap_or_default();
                if str::from_utf8(number).ok().and_then(|text| text.parse().ok()) == Some(pid) {
                    return ExitStatus::from_record(record);
                }
            }
            Err(why) if why.is_interrupted() => {}
            // The record is lost.
            Err(_) => return ExitStatus::from_text(b"no wait record"),
        }
    }
}

impl Process {
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Ends the child; one that has ended already is no error.
    ///
    /// The kernel's `kill` ends the proc that it is told to and no other, and a program can have
    /// several. Its own runtime ends it whole, for the note of that name, if nothing else is done
    /// with that note; so it is tried first.
    pub fn kill(&mut self) -> io::Result<()> {
        // The lock is held, or the wait has not ended: the pid is not another's yet.
        let mut phase = self.child.phase();
        let Phase::Running(pid) = *phase else { return Ok(()) };
        let running = |phase: &mut Phase| matches!(phase, Phase::Running(_));
        if proc_file::write(pid, "note", note::KILL).is_ok() {
            self.child.changed.wait_timeout_while(&mut phase, GRACE, running);
        }
        if !matches!(*phase, Phase::Running(_)) {
            return Ok(());
        }
        match cvt(proc_file::write(pid, "ctl", b"kill")) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why),
            _ => Ok(()),
        }
    }

    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        match self.child.past(|phase| !matches!(phase, Phase::Ended(..))) {
            Phase::Ended(_, status) => Ok(status),
            _ => unreachable!(),
        }
    }

    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        match *self.child.phase() {
            Phase::Ended(_, status) => Ok(Some(status)),
            _ => Ok(None),
        }
    }
}
