//! What `/proc/N/ctl` understands (`port/devproc.c:procctlreq`, man 3/proc).

use super::count;
use crate::chan;
use crate::dev::{Breakable, Error, Operation, Pid, Result, Started, Step, Value, error};
use crate::kernel::Kernel;
use crate::kernel::proc::State;

const BAD_CTL: Error = error("bad process or channel control request");

/// Messages that are accepted and change nothing here: there is one priority, and no wiring.
const WITHOUT_EFFECT: &[(&str, usize)] =
    &[("fixedpri", 1), ("noswap", 0), ("pri", 1), ("private", 0), ("profile", 0), ("wired", 1)];
/// Messages without arguments.
const BARE: &[&str] = &[
    "closefiles",
    "hang",
    "interrupt",
    "kill",
    "nohang",
    "nointerrupt",
    "start",
    "startstop",
    "stop",
    "waitstop",
];

/// Waits until a proc has stopped: `stop` of another, `waitstop`, `startstop`.
struct Stop {
    of: Pid,
}

impl Operation for Stop {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        match k.proc(self.of) {
            // It stops on its way out.
            Some(_) if self.of == pid => Step::Done(Ok(Value::Count(0))),
            None => Step::Done(Err(error("process exited"))),
            Some(proc) if proc.stands() => Step::Done(Ok(Value::Count(0))),
            Some(proc) => Step::Wait(proc.wait(), Breakable::ByNotes),
        }
    }
}

/// Does what a message says to proc `of`.
pub fn control(k: &mut Kernel, of: Pid, message: &[u8]) -> Started {
    let n = message.len();
    match order(k, of, message) {
        Ok(Some(wait)) => Started::Blocked(Box::new(Counted { wait, n })),
        Ok(None) => count(n),
        Err(why) => Started::Done(Err(why)),
    }
}

/// A wait whose result is the length of the message that asked for it.
struct Counted {
    wait: Stop,
    n: usize,
}

impl Operation for Counted {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        match self.wait.step(k, pid) {
            Step::Done(Ok(_)) => Step::Done(Ok(Value::Count(self.n as u64))),
            other => other,
        }
    }
}

fn order(k: &mut Kernel, of: Pid, message: &[u8]) -> Result<Option<Stop>> {
    let text = String::from_utf8_lossy(message);
    let text = text.trim_end_matches(['\n', '\0']);
    let mut words = text.split_ascii_whitespace();
    let Some(verb) = words.next() else { return Err(error("empty control message")) };
    let args: Vec<&str> = words.collect();
    let expect = |n: usize| match args.len() == n {
        true => Ok(()),
        false => Err(Error(format!("wrong #args in control message \"{text}\"").into())),
    };
    if BARE.contains(&verb) {
        expect(0)?;
    }
    let stopped = k.proc(of).is_some_and(|proc| proc.at == State::Stopped);
    match verb {
        "kill" => k.ctl_kill(of),
        "stop" => {
            k.ctl_stop(of);
            return Ok(Some(Stop { of }));
        }
        "start" | "startstop" if !stopped => return Err(BAD_CTL),
        "start" => k.ctl_start(of),
        "startstop" => {
            k.ctl_start(of);
            k.ctl_stop(of);
            return Ok(Some(Stop { of }));
        }
        "waitstop" => return Ok(Some(Stop { of })),
        "hang" | "nohang" => {
            if let Some(proc) = k.procs.get_mut(&of) {
                proc.set_hang(verb == "hang");
            }
        }
        "interrupt" => k.ctl_interrupt(of),
        "nointerrupt" => k.ctl_nointerrupt(of)?,
        "close" => {
            expect(1)?;
            let fd: usize = args[0].parse().map_err(|_| chan::BAD_FD)?;
            let groups = k.files.groups.get(&of).ok_or(chan::BAD_FD)?;
            let closed = groups.fds.borrow_mut().take(fd);
            // A number that is not open is no error.
            if let Some(closed) = closed {
                chan::release(k, closed);
            }
        }
        "closefiles" => {
            let groups = k.files.groups.get(&of).ok_or(chan::BAD_FD)?;
            let table = groups.fds.take();
            for closed in table.into_chans() {
                chan::release(k, closed);
            }
        }
        _ => match WITHOUT_EFFECT.iter().find(|&&(name, _)| name == verb) {
            Some(&(_, n)) => expect(n)?,
            None => {
                return Err(Error(format!("unknown control message \"{text}\"").into()));
            }
        },
    }
    Ok(None)
}
