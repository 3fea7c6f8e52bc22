//! The loop that is the machine: take stops, step what was woken, sleep until something happens.

use super::Kernel;
use super::proc::{Proc, State};
use super::tracee::{self, Stop, Tracee};
use crate::dev::{Pid, Result};
use crate::{chan, ip};
use std::sync::atomic::{AtomicBool, Ordering};

/// Ctrl-C was typed on the host.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

extern "C" fn on_signal(signal: libc::c_int) {
    if signal == libc::SIGINT {
        INTERRUPTED.store(true, Ordering::Relaxed);
    }
}

/// Makes SIGCHLD and SIGINT end a ppoll and nothing else.
fn hold_signals() {
    // SAFETY: the handler only stores an atomic; the structures are initialised before use.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_signal as *const () as usize;
        libc::sigaction(libc::SIGCHLD, &action, std::ptr::null_mut());
        libc::sigaction(libc::SIGINT, &action, std::ptr::null_mut());
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, libc::SIGCHLD);
        libc::sigaddset(&mut set, libc::SIGINT);
        libc::sigprocmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
        libc::prctl(libc::PR_SET_TIMERSLACK, 1);
    }
}

impl Kernel {
    /// Makes the first proc and loads a program into it.
    pub fn boot(&mut self, path: &str, argv: Vec<Vec<u8>>) -> Result<()> {
        hold_signals();
        let pid = self.next_pid();
        let wait = self.waits.fresh();
        let mut proc = Proc::new(pid, wait);
        proc.user = self.options.user.clone();
        proc.started_ns = self.mono_ns();
        let body = Tracee::spawn().map_err(|why| {
            crate::dev::Error(
                format!("no process can be traced: {why}; ptrace must be allowed").into(),
            )
        })?;
        self.tids.insert(body.tid(), pid);
        proc.regs = body.regs().ok();
        proc.tracee = Some(body);
        self.first = pid;
        self.procs.insert(pid, proc);
        chan::boot(self, pid)?;
        self.exec_first(pid, path, argv)?;
        ip::tcp::publish::open(self)?;
        self.leave(pid);
        Ok(())
    }

    /// Runs until the first proc is gone, then ends the others; gives its status.
    pub fn run(&mut self) -> Vec<u8> {
        loop {
            // All that have stopped by now, before one of them goes on: the host hands stops out in an order of its own,
            // and procs that stop again and again must keep neither others nor timers and Ctrl-C from their turn.
            let mut stops = std::mem::take(&mut self.stops);
            stops.extend(std::iter::from_fn(tracee::poll));
            for (tid, stop) in stops {
                self.stopped(tid, stop);
                self.step_woken();
            }
            for id in self.timers.take_due(self.mono_ns()) {
                self.waits.wake(id);
            }
            self.step_woken();
            if let Some(status) = self.status.take() {
                for pid in self.procs.keys().copied().collect::<Vec<Pid>>() {
                    self.exit(pid, b"Killed");
                }
                ip::deliver(self);
                return status;
            }
            if self.procs.values().all(Proc::stands) {
                return self.end_standing();
            }
            if INTERRUPTED.swap(false, Ordering::Relaxed) {
                let group = self.procs.get(&self.first).map_or(0, |proc| proc.noteid);
                let _ = self.post_note_group(group, plan9_abi::note::INTERRUPT, 0);
                continue;
            }
            self.idle();
        }
    }

    /// Ends a machine in which nothing runs and nobody is left to start it; the status it ends with.
    fn end_standing(&mut self) -> Vec<u8> {
        let stands = |proc: &Proc| format!("{} {} is {}", proc.name, proc.pid, proc.state());
        let all: Vec<String> = self.procs.values().map(stands).collect();
        eprintln!("plan9-run: no program runs any more: {}", all.join(", "));
        for pid in self.procs.keys().copied().collect::<Vec<Pid>>() {
            self.exit(pid, b"Killed");
        }
        b"no program runs".to_vec()
    }

    pub(crate) fn stopped(&mut self, tid: libc::pid_t, stop: Stop) {
        let Some(&pid) = self.tids.get(&tid) else { return };
        match stop {
            Stop::Call if self.held_at_entry(pid) => {}
            Stop::Call => self.enter(pid),
            Stop::Signal(signal) if self.stepped(pid, signal) => {}
            Stop::Signal(signal) => self.trap(pid, signal),
            Stop::Gone => self.exit(pid, b"Killed"),
            Stop::Interrupt | Stop::Fork => {
                let Some(proc) = self.procs.get_mut(&pid) else { return };
                // A clock tick in user mode. In any other state the stop is a leftover of an interruption that came too
                // late, and the proc goes on when its system call does.
                if proc.at == State::User && !self.held_where_it_is(pid) {
                    let Some(proc) = self.procs.get_mut(&pid) else { return };
                    proc.regs = proc.tracee.as_ref().and_then(|tracee| tracee.regs().ok());
                    self.leave(pid);
                }
            }
        }
    }

    /// Sleeps until a proc stops, a timer is due, or a host descriptor is ready.
    fn idle(&mut self) {
        if !self.stops.is_empty() {
            return;
        }
        let net = self.net.host_fd();
        let mut fds: Vec<libc::pollfd> = Vec::new();
        let mut want = |fd| fds.push(libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
        if let Some(fd) = net {
            want(fd);
        }
        self.files.host_fds().into_iter().for_each(want);
        let timeout = self.timers.next().map(|at| {
            let left = at.saturating_sub(self.mono_ns());
            libc::timespec {
                tv_sec: (left / 1_000_000_000) as i64,
                tv_nsec: (left % 1_000_000_000) as i64,
            }
        });
        let timeout = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        // SAFETY: all pointers are to live values; the set is initialised by sigemptyset.
        let ready = unsafe {
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut none);
            libc::ppoll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, timeout, &none)
        };
        if ready > 0 {
            let first = fds.first().filter(|_| net.is_some());
            if first.is_some_and(|fd| fd.revents != 0) {
                ip::host_ready(self);
            }
            let files = &fds[usize::from(net.is_some())..];
            let ready: Vec<_> = files.iter().filter(|f| f.revents != 0).map(|f| f.fd).collect();
            if !ready.is_empty() {
                chan::host_ready(self, &ready);
            }
        }
    }

    /// A line on the proc's standard error, as the kernel's `pprint` writes it.
    pub(crate) fn pprint(&mut self, pid: Pid, text: &str) {
        let name = self.procs.get(&pid).map_or(String::new(), |proc| proc.name.clone());
        chan::kernel_print(self, pid, format!("{name} {pid}: {text}").as_bytes());
    }
}
