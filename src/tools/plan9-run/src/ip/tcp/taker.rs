//! The kernel's process that takes the segments of calls inside the machine (`ip/loopbackmedium.c:readloopback`), as far
//! as programs can tell that it is one.
//!
//! | state | a call's last acknowledgement | locks that it holds |
//! |---|---|---|
//! | idle | none waits | none |
//! | coming | waits, with all that came behind it; the caller is connected | none |
//! | taking | becomes the other end, which can be seen | the protocol's and that end's |
//! | stuck | nothing is taken any more | those, and the caller's |
//!
//! The locks are held until the two ends are spliced. So whoever opens a file of a conversation while they are held goes
//! on behind the splice, and whoever has written before it brings the process into the state stuck ([`super::splice`]).
//!
//! The moment between the caller's end of the handshake and the other one is short, as a rule; here it is none at all.
//! But on a real kernel that process is held up now and then, and four threads that connect and write hang TCP after
//! 141 to 3,795 calls. Here it is held up once in a few calls from a number on that small programs do not reach, so
//! that a test finds out in some hundred calls.

use super::{State, call, end, splice, stream};
use crate::dev::{Breakable, INTERRUPTED, Operation, Pid, Result, Started, Step, Value, WaitId};
use crate::kernel::Kernel;
use std::net::IpAddr;
use std::ops::{ControlFlow, Range};

/// Calls before the first one whose last acknowledgement may be late, and how often one is from then on.
const FIRST_CALLS: u64 = 50;
const ONCE_IN: u64 = 16;
/// How late it is, and how long it takes, in nanoseconds.
const COMING_NS: Range<u64> = 1_000_000..4_000_000;
const TAKING_NS: Range<u64> = 200_000..1_000_000;

/// A local and a remote end.
type Ends = ((IpAddr, u16), (IpAddr, u16));

/// An acknowledgement that is late.
struct Late {
    caller: usize,
    /// Ends of the caller, whose slot may be another's by now.
    of: Ends,
    /// When the state ends.
    at: u64,
}

/// What the process does.
#[derive(Default)]
enum Doing {
    #[default]
    Idle,
    Coming(Late),
    Taking(Late, usize),
    Stuck([usize; 2]),
}

/// The process.
#[derive(Default)]
pub struct Taker {
    doing: Doing,
    calls: u64,
    /// Who waits for its locks; and closes that do.
    wait: Option<WaitId>,
    closes: Vec<usize>,
}

impl Taker {
    /// Whether it holds a lock of a conversation, or the protocol's if `n` is none.
    fn holds(&self, n: Option<usize>) -> bool {
        match &self.doing {
            Doing::Idle | Doing::Coming(_) => false,
            Doing::Taking(_, new) => n.is_none_or(|n| n == *new),
            Doing::Stuck(ends) => n.is_none_or(|n| ends.contains(&n)),
        }
    }

    /// Whether a caller's last acknowledgement has not been taken: what it sends waits behind that.
    pub fn is_before(&self, n: usize) -> bool {
        matches!(&self.doing, Doing::Coming(late) | Doing::Taking(late, _) if late.caller == n)
    }

    /// What hangs, for whoever ends the machine.
    pub fn report(&self) -> Option<String> {
        let Doing::Stuck([caller, _]) = self.doing else { return None };
        Some(format!(
            "plan9-run: TCP of the machine hangs, as a kernel's does from 2025-10-19 on: /net/tcp/{caller}/data was written to before the other end had taken the call's last acknowledgement; open data after that end can be seen, or use --no-splice"
        ))
    }
}

/// What wakes whoever waits for a lock of the process, if it holds that.
pub fn held_up(k: &mut Kernel, n: Option<usize>) -> Option<WaitId> {
    if !k.net.tcp.taker.holds(n) {
        return None;
    }
    Some(*k.net.tcp.taker.wait.get_or_insert_with(|| k.waits.fresh()))
}

/// Does something once no lock of the conversation, or of the protocol if `n` is none, is held.
pub fn unlocked(
    k: &mut Kernel,
    n: Option<usize>,
    act: impl FnOnce(&mut Kernel) -> Started + 'static,
) -> Started {
    match held_up(k, n) {
        None => act(k),
        Some(_) => Started::Blocked(Box::new(Locked::Waits(n, Some(Box::new(act))))),
    }
}

type Act = Box<dyn FnOnce(&mut Kernel) -> Started>;

/// A call that waits for a lock, where no note reaches it, and then does what it is for.
enum Locked {
    Waits(Option<usize>, Option<Act>),
    Acts(Box<dyn Operation>),
}

impl Operation for Locked {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        if let Locked::Waits(n, act) = self {
            if let Some(wait) = held_up(k, *n) {
                return Step::Wait(wait, Breakable::No);
            }
            match act.take().map(|act| act(k)) {
                Some(Started::Blocked(operation)) => *self = Locked::Acts(operation),
                Some(Started::Done(value)) => return Step::Done(value),
                None => return Step::Done(Err(INTERRUPTED)),
            }
        }
        match self {
            Locked::Acts(operation) => operation.step(k, pid),
            Locked::Waits(..) => Step::Done(Err(INTERRUPTED)),
        }
    }

    fn goes_on(&mut self, k: &mut Kernel, pid: Pid) -> bool {
        match self {
            Locked::Acts(operation) => operation.goes_on(k, pid),
            Locked::Waits(..) => false,
        }
    }

    fn interrupted(&mut self, k: &mut Kernel, pid: Pid) -> Result<Value> {
        match self {
            Locked::Acts(operation) => operation.interrupted(k, pid),
            Locked::Waits(..) => Err(INTERRUPTED),
        }
    }
}

/// A file is closed while the process holds the lock that its close takes: the close comes later, if ever.
pub fn close_later(k: &mut Kernel, n: usize) -> bool {
    let later = k.net.tcp.taker.holds(Some(n));
    if later {
        k.net.tcp.taker.closes.push(n);
    }
    later
}

/// When the process takes the next segment, if that is not now.
pub fn busy_until(k: &Kernel) -> Option<u64> {
    match &k.net.tcp.taker.doing {
        Doing::Idle => None,
        Doing::Coming(late) | Doing::Taking(late, _) => Some(late.at),
        Doing::Stuck(_) => Some(u64::MAX),
    }
}

/// The last acknowledgement of a call that will be spliced is on its way: taken at once, or late.
pub fn acknowledge(k: &mut Kernel, caller: usize) {
    let taker = &mut k.net.tcp.taker;
    taker.calls += 1;
    let is_late = taker.calls > FIRST_CALLS && k.dice.once_in(ONCE_IN);
    let Ok(conversation) = k.net.tcp.get(caller) else { return };
    let of = (conversation.local, conversation.remote);
    if !is_late {
        if let Some(new) = call::answer(k, caller, of) {
            splice(k, caller, of, new);
        }
        return;
    }
    let at = k.mono_ns() + k.dice.of(COMING_NS);
    enter(k, Doing::Coming(Late { caller, of, at }));
}

fn enter(k: &mut Kernel, doing: Doing) {
    if let Doing::Coming(late) | Doing::Taking(late, _) = &doing {
        k.timers.wake_at(late.at, k.net.tick);
    }
    let locks = !matches!(doing, Doing::Taking(..) | Doing::Stuck(_));
    k.net.tcp.taker.doing = doing;
    if locks {
        if let Some(wait) = k.net.tcp.taker.wait {
            k.waits.wake(wait);
        }
        for n in std::mem::take(&mut k.net.tcp.taker.closes) {
            end::close_file(k, n);
        }
    }
}

/// The machine's clock has moved on.
pub fn tick(k: &mut Kernel) {
    if busy_until(k).is_none_or(|at| at > k.mono_ns()) {
        return;
    }
    match std::mem::take(&mut k.net.tcp.taker.doing) {
        Doing::Coming(late) => match call::answer(k, late.caller, late.of) {
            Some(new) => {
                let at = k.mono_ns() + k.dice.of(TAKING_NS);
                enter(k, Doing::Taking(Late { at, ..late }, new));
            }
            None => enter(k, Doing::Idle),
        },
        Doing::Taking(late, new) => splice(k, late.caller, late.of, new),
        doing => k.net.tcp.taker.doing = doing,
    }
}

/// Makes a pair of the caller, if it is still there, and the end that has answered it.
fn splice(k: &mut Kernel, caller: usize, of: Ends, new: usize) {
    let same = |k: &mut Kernel| {
        k.net.tcp.get(caller).is_ok_and(|c| (c.local, c.remote) == of && c.state != State::Closed)
    };
    if !same(k) {
        enter(k, Doing::Idle);
        return end::reset(k, new);
    }
    call::join(k, caller, new);
    let goes_on = match k.net.tcp.slots[caller].state {
        State::Established => splice::join(k, caller, new),
        _ => ControlFlow::Continue(()),
    };
    match goes_on {
        ControlFlow::Continue(()) => {
            enter(k, Doing::Idle);
            stream::output(k, caller);
        }
        ControlFlow::Break(()) => {
            enter(k, Doing::Stuck([caller, new]));
            if let Some(words) = k.net.tcp.taker.report() {
                eprintln!("{words}");
            }
        }
    }
}
