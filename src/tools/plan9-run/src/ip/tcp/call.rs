//! How conversations begin: `announce`, `bind`, `connect` and the handshake.
//!
//! A dialler always sleeps before it is connected, as on a real kernel, so a note that is pending ends its call.

use super::{Phase, State, UNSCALED, clock, end, host, shift, splice, stream, taker};
use crate::dev::{Breakable, Operation, Pid, Result, Started, Step, Value, error};
use crate::ip::address::{self, ANY, Asked, Local};
use crate::ip::control::Settled;
use crate::ip::host::call_failed;
use crate::ip::host::way::Way;
use crate::ip::interfaces;
use crate::kernel::Kernel;
use crate::qio::HUNGUP;
use std::net::{IpAddr, SocketAddr};

/// Calls that a listener keeps for `listen`.
const BACKLOG: usize = 10;
/// How long the handshake takes inside the machine, in nanoseconds.
const HANDSHAKE_NS: u64 = 20_000;

/// Sets the local end; what was set before an error stays.
fn set_local(k: &mut Kernel, n: usize, text: &str, announcing: bool) -> Result<()> {
    let remote = k.net.tcp.get(n)?.remote.0;
    k.net.tcp.get(n)?.local.1 = 0;
    let otherwise = k.net.source(remote);
    let net = &k.net;
    let Local { host, port } =
        address::local(text, announcing, otherwise, |host| net.is_own(host))?;
    k.net.tcp.get(n)?.local.0 = host;
    let tcp = &mut k.net.tcp;
    let number = match port? {
        Asked::Free => {
            let free = tcp.free_port();
            tcp.get(n)?.local.1 = free;
            return Ok(());
        }
        Asked::All => 0,
        Asked::Number(number) => number,
    };
    if tcp.is_taken(n, (host, number)) {
        return Err(error("address in use"));
    }
    tcp.get(n)?.local.1 = number;
    Ok(())
}

/// `announce [ADDR!]PORT`.
pub(super) fn announce(k: &mut Kernel, n: usize, args: &[&str], count: usize) -> Started {
    match announced(k, n, args) {
        Ok(()) => Settled::started(k, count),
        Err(why) => Started::Done(Err(why)),
    }
}

fn announced(k: &mut Kernel, n: usize, args: &[&str]) -> Result<()> {
    begin(k, n, Phase::Announcing)?;
    k.net.tcp.get(n)?.remote = (ANY, 0);
    let [local] = args else { return Err(error("bad args to announce")) };
    set_local(k, n, local, true)?;
    let conversation = k.net.tcp.get(n)?;
    conversation.renew_protocol();
    conversation.state = State::Listen;
    conversation.phase = Phase::Announced;
    Ok(())
}

/// `bind [ADDR!]PORT`. In the middle of a conversation it moves our end away from where the peer sends.
pub(super) fn bind(k: &mut Kernel, n: usize, args: &[&str]) -> Result<()> {
    let [local] = args else { return Err(error("bad args to bind")) };
    set_local(k, n, local, false)?;
    let conversation = k.net.tcp.get(n)?;
    if conversation.peer.is_some() && !conversation.spliced {
        conversation.unheard = true;
        clock::give_up_later(k, n);
    }
    Ok(())
}

fn begin(k: &mut Kernel, n: usize, phase: Phase) -> Result<()> {
    let conversation = k.net.tcp.get(n)?;
    if conversation.phase != Phase::Idle {
        return Err(error("connection in use"));
    }
    conversation.phase = phase;
    conversation.failure = None;
    match conversation.state {
        State::Closed => Ok(()),
        _ => Err(error("connection in use")),
    }
}

/// `connect ADDR!PORT[!r] [LOCAL]`.
pub(super) fn connect(k: &mut Kernel, n: usize, args: &[&str], count: usize) -> Started {
    match called(k, n, args) {
        Ok(()) => Started::Blocked(Box::new(Connect { n, count })),
        Err(why) => Started::Done(Err(why)),
    }
}

fn called(k: &mut Kernel, n: usize, args: &[&str]) -> Result<()> {
    begin(k, n, Phase::Connecting)?;
    let (remote, local) = match args {
        [remote] => (remote, None),
        [remote, local] => (remote, Some(local)),
        _ => return Err(error("bad args to connect")),
    };
    let (host, number) = remote.split_once('!').ok_or(error("malformed address"))?;
    k.net.tcp.get(n)?.remote.0 = address::parse(host)?;
    let (port, whole) = address::port(number);
    k.net.tcp.get(n)?.remote.1 = port;
    whole?;
    match local {
        Some(local) => set_local(k, n, local, false)?,
        None => {
            let remote = k.net.tcp.get(n)?.remote.0;
            k.net.tcp.get(n)?.local.0 = k.net.source(remote);
            let restricted = number.contains("!r");
            let tcp = &mut k.net.tcp;
            let port = if restricted { tcp.restricted_port() } else { Some(tcp.free_port()) };
            tcp.get(n)?.local.1 = port.ok_or(error("no ports available"))?;
        }
    }
    start(k, n, local.is_none())
}

/// Sends the call on its way (`ip/tcp.c:tcpstart`).
fn start(k: &mut Kernel, n: usize, any_port: bool) -> Result<()> {
    let conversation = k.net.tcp.get(n)?;
    if conversation.local.0 == ANY {
        let remote = conversation.remote.0;
        k.net.tcp.get(n)?.local.0 = k.net.source(remote);
    }
    let conversation = k.net.tcp.get(n)?;
    conversation.renew_protocol();
    conversation.state = State::SynSent;
    let (to, port) = conversation.remote;
    match k.net.way(to) {
        Way::None => end::local_close(k, n, Some(error("no route"))),
        Way::Host(beyond) => {
            if let Err(why) = host::call(k, n, SocketAddr::new(beyond, port), any_port) {
                end::local_close(k, n, Some(call_failed(&why)));
            }
        }
        Way::Inside | Way::Nobody | Way::Refused => clock::ring_in(k, n, HANDSHAKE_NS),
    }
    Ok(())
}

/// `connect`, which sleeps until the other end has answered.
struct Connect {
    n: usize,
    count: usize,
}

impl Operation for Connect {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        let pending = k.procs.get(&pid).is_some_and(|proc| proc.notepending);
        if let Some(never) = taker::held_up(k, Some(self.n)) {
            return Step::Wait(never, Breakable::No);
        }
        let Ok(conversation) = k.net.tcp.get(self.n) else { return Step::Done(Err(HUNGUP)) };
        if pending || conversation.phase == Phase::Connecting {
            return Step::Wait(conversation.wait, Breakable::ByNotes);
        }
        match conversation.failure.clone() {
            Some(why) => Step::Done(Err(why)),
            None => Step::Done(Ok(Value::Count(self.count as u64))),
        }
    }
}

/// The time of an answer has come, whether anybody still waits for it or not.
pub(super) fn answered(k: &mut Kernel, n: usize) {
    // It comes behind what the kernel's process has still to take.
    if let Some(until) = taker::busy_until(k) {
        let left = until.saturating_sub(k.mono_ns());
        if until != u64::MAX {
            clock::ring_in(k, n, left);
        }
        return;
    }
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    let to = conversation.remote;
    match k.net.way(to.0) {
        Way::Inside => meet(k, n, to),
        Way::Nobody => clock::repeat(k, n),
        _ => end::reset(k, n),
    }
}

/// A listener has as many calls as it keeps.
pub fn is_full(k: &mut Kernel, listener: usize) -> bool {
    k.net.tcp.get(listener).is_ok_and(|listener| listener.incoming.len() >= BACKLOG)
}

/// The caller becomes Established, and then the end that answers it, which waits to be taken.
fn meet(k: &mut Kernel, n: usize, to: (IpAddr, u16)) {
    if k.net.tcp.listener(to).is_none() {
        return end::reset(k, n);
    }
    let limit = UNSCALED << shift(k.options.old());
    establish(k, n, limit);
    if splice::splices(k, to.0) {
        return taker::acknowledge(k, n);
    }
    let from = k.net.tcp.slots[n].local;
    let Some(other) = answer(k, n, (from, to)) else { return };
    join(k, n, other);
    stream::output(k, n);
}

/// The two ends of a conversation know of each other.
pub(super) fn join(k: &mut Kernel, caller: usize, other: usize) {
    for (n, peer) in [(caller, other), (other, caller)] {
        let towards = k.net.tcp.slots[n].remote.0;
        k.net.tcp.slots[n].segments = interfaces::segments(k, towards);
        k.net.tcp.slots[n].peer = Some(peer);
    }
}

/// The last acknowledgement of a caller with these ends is taken (`ip/tcp.c:tcpincoming`): makes the other end, or resets
/// the caller where no more calls are kept.
pub(super) fn answer(
    k: &mut Kernel,
    caller: usize,
    (from, to): ((IpAddr, u16), (IpAddr, u16)),
) -> Option<usize> {
    let (now, limit) = (k.mono_ns(), UNSCALED << shift(k.options.old()));
    let listener = k.net.tcp.listener(to);
    let listener = listener.filter(|&listener| !is_full(k, listener));
    let new = listener.and_then(|_| k.net.tcp.fresh(&mut k.waits, now).ok());
    let (Some(listener), Some(other)) = (listener, new) else {
        let same =
            |k: &mut Kernel| k.net.tcp.get(caller).is_ok_and(|c| (c.local, c.remote) == (from, to));
        if same(k) {
            end::reset(k, caller);
        }
        return None;
    };
    let accepted = &mut k.net.tcp.slots[other];
    (accepted.local, accepted.remote) = (to, from);
    establish(k, other, limit);
    queue_call(k, listener, other);
    Some(other)
}

/// A conversation is connected, its queues as long as the shift of both ends lets them be.
pub(super) fn establish(k: &mut Kernel, n: usize, limit: u64) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    conversation.phase = Phase::Connected;
    conversation.received.borrow_mut().limit = limit;
    conversation.transmit.borrow_mut().limit = limit;
    end::set_state(k, n, State::Established);
}

/// A call waits for the listener's `listen`.
pub(super) fn queue_call(k: &mut Kernel, listener: usize, call: usize) {
    if let Ok(listener) = k.net.tcp.get(listener) {
        listener.incoming.push_back(call);
        let wait = listener.wait;
        k.waits.wake(wait);
    }
}
