//! How conversations begin: `announce`, `connect`, the handshake and `listen`.
//!
//! A dialler always sleeps before it is connected, as on a real kernel, so a note that is pending ends its call.

use super::{Conversation, State, host, stream};
use crate::dev::{Breakable, Operation, Pid, Result, Step, Value, error};
use crate::ip::address::{self, ANY};
use crate::ip::host::way::{self, Way};
use crate::ip::route::{self, Own};
use crate::kernel::Kernel;
use crate::qio::HUNGUP;
use plan9_abi::queue::PIPE_LIMIT;
use std::net::{IpAddr, SocketAddr};

/// Calls that a listener keeps for `listen`.
const BACKLOG: usize = 10;
/// How long the handshake takes inside the machine, in nanoseconds.
const HANDSHAKE_NS: u64 = 20_000;
/// How long a call that nobody answers is repeated, in nanoseconds, as a real kernel was seen to do.
const UNANSWERED_NS: u64 = 342_000_000_000;

fn is_own(address: IpAddr) -> bool {
    route::own(address) == Some(Own::Unicast)
}

/// `announce`.
pub fn announce(k: &mut Kernel, n: usize, args: &[&str]) -> Result<()> {
    let text = args.first().ok_or(error("bad args to announce"))?;
    let (host, port) = address::pair(text)?;
    if !host.is_unspecified() && !is_own(host) {
        return Err(error("not a local IP address"));
    }
    let tcp = &mut k.net.tcp;
    if tcp.get(n)?.used {
        return Err(error("connection in use"));
    }
    let host = if host.is_unspecified() { ANY } else { host };
    let taken = |c: &Conversation| c.state == State::Listen && c.local == (host, port);
    tcp.get(n)?.used = true;
    if port != 0 && tcp.slots.iter().flatten().any(taken) {
        return Err(error("address in use"));
    }
    let port = if port == 0 { tcp.free_port() } else { port };
    let conversation = tcp.get(n)?;
    conversation.local = (host, port);
    conversation.state = State::Listen;
    Ok(())
}

/// `connect`, which sleeps until the other end has answered.
pub struct Connect {
    n: usize,
    count: usize,
    to: (IpAddr, u16),
    /// The program left the choice of its port to us.
    any_port: bool,
    begun: bool,
}

impl Connect {
    pub fn new(k: &mut Kernel, n: usize, args: &[&str], count: usize) -> Result<Connect> {
        let text = args.first().ok_or(error("bad args to connect"))?;
        let conversation = k.net.tcp.get(n)?;
        if conversation.used {
            return Err(error("connection in use"));
        }
        conversation.used = true;
        if !text.contains('!') {
            return Err(error("malformed address"));
        }
        let to = address::pair(text)?;
        let local = match args.get(1) {
            Some(text) => address::pair(text)?,
            None => (ANY, 0),
        };
        if !local.0.is_unspecified() && !is_own(local.0) {
            return Err(error("not a local IP address"));
        }
        match way::way(to.0) {
            Way::None => return Err(error("no route")),
            Way::Refused => return Err(error("connection refused")),
            Way::Inside | Way::Host(_) | Way::Nobody => {}
        }
        let own = way::source(to.0);
        let port = if local.1 == 0 { k.net.tcp.free_port() } else { local.1 };
        let conversation = k.net.tcp.get(n)?;
        conversation.local = (if local.0.is_unspecified() { own } else { local.0 }, port);
        conversation.remote = to;
        conversation.state = State::SynSent;
        Ok(Connect { n, count, to, any_port: local.1 == 0, begun: false })
    }

    /// Sends the call on its way; one that nobody answers ends all the same.
    fn begin(&self, k: &mut Kernel) -> Result<()> {
        let lasts = match way::way(self.to.0) {
            Way::Host(beyond) => {
                return host::call(k, self.n, SocketAddr::new(beyond, self.to.1), self.any_port);
            }
            Way::Nobody => UNANSWERED_NS,
            _ => HANDSHAKE_NS,
        };
        let at = k.mono_ns() + lasts;
        k.net.tcp.get(self.n)?.meets_at = at;
        k.net.handshakes.push((at, self.n, self.to));
        k.timers.wake_at(at, k.net.tick);
        Ok(())
    }
}

impl Operation for Connect {
    fn step(&mut self, k: &mut Kernel, _pid: Pid) -> Step {
        if !self.begun {
            self.begun = true;
            if let Err(why) = self.begin(k) {
                if let Ok(conversation) = k.net.tcp.get(self.n) {
                    conversation.state = State::Closed;
                }
                return Step::Done(Err(why));
            }
            let Ok(conversation) = k.net.tcp.get(self.n) else { return Step::Done(Err(HUNGUP)) };
            return Step::Wait(conversation.wait, Breakable::ByNotes);
        }
        let Ok(conversation) = k.net.tcp.get(self.n) else { return Step::Done(Err(HUNGUP)) };
        if conversation.state == State::SynSent {
            return Step::Wait(conversation.wait, Breakable::ByNotes);
        }
        match conversation.failure.clone() {
            Some(why) => Step::Done(Err(why)),
            None => Step::Done(Ok(Value::Count(self.count as u64))),
        }
    }
}

/// The handshakes that are due, whether anybody still waits for them or not.
pub fn run_handshakes(k: &mut Kernel) {
    let now = k.mono_ns();
    let pending = std::mem::take(&mut k.net.handshakes);
    for (at, n, to) in pending {
        if at > now {
            k.net.handshakes.push((at, n, to));
            continue;
        }
        let Ok(conversation) = k.net.tcp.get(n) else { continue };
        // The slot may have gone to another call meanwhile.
        if conversation.state != State::SynSent || conversation.meets_at != at {
            continue;
        }
        if let Err(why) = meet(k, n, to)
            && let Ok(conversation) = k.net.tcp.get(n)
        {
            conversation.state = State::Closed;
            conversation.failure = Some(why);
        }
        if let Ok(conversation) = k.net.tcp.get(n) {
            let wait = conversation.wait;
            k.waits.wake(wait);
        }
    }
}

/// A listener has as many calls as it keeps.
pub fn is_full(k: &mut Kernel, listener: usize) -> bool {
    k.net.tcp.get(listener).is_ok_and(|listener| listener.incoming.len() >= BACKLOG)
}

/// Both ends become Established; the listener's side waits to be taken.
fn meet(k: &mut Kernel, n: usize, to: (IpAddr, u16)) -> Result<()> {
    if way::way(to.0) == Way::Nobody {
        return Err(error("connection timed out"));
    }
    let listener = k.net.tcp.listener(to).ok_or(error("connection refused"))?;
    let now = k.mono_ns();
    let splice = k.options.splice;
    let full = is_full(k, listener);
    let from = k.net.tcp.get(n)?.local;
    k.net.tcp.get(n)?.state = State::Established;
    if full {
        // Its last acknowledgement is answered by a reset.
        stream::reset(k, n);
        return Ok(());
    }
    let other = k.net.tcp.fresh(&mut k.waits, now)?;
    for (own, peer) in [(n, other), (other, n)] {
        let conversation = k.net.tcp.get(own)?;
        conversation.state = State::Established;
        conversation.peer = Some(peer);
        conversation.used = true;
        conversation.spliced = splice;
        if splice {
            conversation.received.borrow_mut().limit = u64::from(PIPE_LIMIT);
        }
    }
    let accepted = k.net.tcp.get(other)?;
    accepted.local = to;
    accepted.remote = from;
    let listener = k.net.tcp.get(listener)?;
    listener.incoming.push_back(other);
    let wait = listener.wait;
    k.waits.wake(wait);
    Ok(())
}

/// The open of `listen`: waits for a call and becomes its `ctl`.
pub struct Listen {
    pub n: usize,
}

impl Operation for Listen {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        let Ok(listener) = k.net.tcp.get(self.n) else {
            return Step::Done(Err(error("listen hungup")));
        };
        if listener.state != State::Listen {
            return Step::Done(Err(error("listen hungup")));
        }
        // The kernel sleeps before it looks: a pending interrupt ends the open even if a call waits.
        if k.procs.get(&pid).is_some_and(|proc| proc.notepending) {
            return Step::Wait(listener.wait, Breakable::ByNotes);
        }
        match listener.incoming.pop_front() {
            Some(call) => {
                if let Ok(conversation) = k.net.tcp.get(call) {
                    conversation.opens += 1;
                }
                Step::Done(Ok(Value::File(crate::ip::conversation_node(call, crate::ip::CTL))))
            }
            None => Step::Wait(listener.wait, Breakable::ByNotes),
        }
    }
}
