//! New procs (`port/sysproc.c:sysrfork`).

use super::proc::{Proc, State};
use super::user::BAD_ARG;
use super::{Kernel, memory::Kind};
use crate::chan;
use crate::dev::{Pid, Result, error};
use plan9_abi::flags::rfork;
use plan9_abi::{layout::USTKTOP, tos};
use std::rc::Rc;

const NO_PROCS: crate::dev::Error = error("no procs");

impl Kernel {
    pub(crate) fn rfork(&mut self, pid: Pid, flags: u32) -> Result<i64> {
        let both = |pair: u32| flags & pair == pair;
        if both(rfork::FDG | rfork::CFDG)
            || both(rfork::NAMEG | rfork::CNAMEG)
            || both(rfork::ENVG | rfork::CENVG)
        {
            return Err(BAD_ARG);
        }
        if flags & rfork::PROC == 0 {
            if flags & (rfork::MEM | rfork::NOWAIT) != 0 {
                return Err(BAD_ARG);
            }
            chan::fork_groups(self, pid, pid, u64::from(flags));
            let noteid = self.next_pid();
            let Some(proc) = self.procs.get_mut(&pid) else { return Err(BAD_ARG) };
            if flags & rfork::REND != 0 {
                proc.rendezvous_group = Rc::new(());
            }
            if flags & rfork::NOTEG != 0 {
                proc.noteid = noteid;
            }
            return Ok(0);
        }
        let child = self.next_pid();
        let wait = self.waits.fresh();
        let now = self.mono_ns();
        // Nobody waits for one to become free (`port/proc.c:newproc`).
        if self.procs.len() >= self.options.procs {
            return Err(NO_PROCS);
        }
        let Some(parent) = self.procs.get_mut(&pid) else { return Err(BAD_ARG) };
        let body = parent.tracee.as_ref().ok_or(NO_PROCS)?.fork().map_err(|_| NO_PROCS)?;
        let mut proc = Proc::new(child, wait);
        for segment in &parent.space {
            let copied = flags & rfork::MEM == 0
                && matches!(segment.kind, Kind::Data | Kind::Bss | Kind::Memory);
            let own = match segment.kind {
                Kind::Stack => Rc::new(super::memory::Segment::stack()),
                _ if copied => {
                    let copy = segment.copy().and_then(|copy| {
                        copy.map(&body, &self.stack_pattern)?;
                        Ok(copy)
                    });
                    let Ok(copy) = copy else {
                        body.kill();
                        return Err(error("kernel allocate failed"));
                    };
                    Rc::new(copy)
                }
                _ => Rc::clone(segment),
            };
            proc.space.push(own);
        }
        proc.regs = parent.regs;
        if let Some(regs) = &mut proc.regs {
            super::entry::return_value(regs, 0);
        }
        proc.notify = parent.notify;
        proc.name = parent.name.clone();
        proc.user = parent.user.clone();
        proc.text = parent.text.clone();
        proc.noteid = if flags & rfork::NOTEG == 0 { parent.noteid } else { child };
        proc.started_ns = now;
        if flags & rfork::REND == 0 {
            proc.rendezvous_group = Rc::clone(&parent.rendezvous_group);
        }
        if flags & rfork::NOWAIT == 0 {
            proc.ppid = pid;
            parent.children += 1;
        }
        proc.at = State::Kernel;
        self.tids.insert(body.tid(), child);
        proc.tracee = Some(body);
        self.procs.insert(child, proc);
        chan::fork_groups(self, pid, child, u64::from(flags));
        self.leave(child);
        Ok(i64::from(child))
    }

    /// A pid that was never used.
    pub(crate) fn next_pid(&mut self) -> Pid {
        self.last_pid += 1;
        self.last_pid
    }
}

/// Where Tos lies on this kernel.
pub(crate) const TOS: u64 = USTKTOP - tos::SIZE as u64;
