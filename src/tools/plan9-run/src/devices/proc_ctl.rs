//! What `/proc/N/ctl` understands (`port/devproc.c:procctlreq`, man 3/proc).

use crate::chan;
use crate::dev::{Error, Pid, Result, error};
use crate::kernel::Kernel;
use crate::kernel::proc::State;

/// Messages that are accepted and change nothing here: there is one priority, and no wiring.
const WITHOUT_EFFECT: &[(&str, usize)] = &[
    ("fixedpri", 1),
    ("hang", 0),
    ("nohang", 0),
    ("noswap", 0),
    ("pri", 1),
    ("private", 0),
    ("profile", 0),
    ("wired", 1),
];

/// Does what a message says to proc `of`.
pub fn control(k: &mut Kernel, of: Pid, message: &[u8]) -> Result<()> {
    let text = String::from_utf8_lossy(message);
    let text = text.trim_end_matches(['\n', '\0']);
    let mut words = text.split_ascii_whitespace();
    let Some(verb) = words.next() else { return Err(error("empty control message")) };
    let args: Vec<&str> = words.collect();
    let expect = |n: usize| match args.len() == n {
        true => Ok(()),
        false => Err(Error(format!("wrong #args in control message \"{text}\"").into())),
    };
    match verb {
        "kill" => k.ctl_kill(of),
        "stop" => k.ctl_stop(of),
        "start" if k.proc(of).is_some_and(|proc| proc.at != State::Stopped) => {
            return Err(error("bad process or channel control request"));
        }
        "start" => k.ctl_start(of),
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
    Ok(())
}
