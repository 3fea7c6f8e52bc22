//! A conversation with a peer beyond the host.
//!
//! The transmit queue is the kernel's own: data stays in it, and counts against its limit, until the peer has
//! acknowledged it. The host's TCP is the wire. What has gone to its socket is `under_way`, a prefix of the queue; how
//! much of that is still unacknowledged the host says when asked (`SIOCOUTQ`), and it is asked at each event, before
//! each send and each `status`. No event comes for an acknowledgement alone, so while a writer waits and the socket has
//! everything, a timer asks.
//!
//! The host's receive buffer is emptied into the receive queue as long as our window of 8 MB is open.

use super::{Conversation, SCALED, SHIFT, State, stream};
use crate::dev::{Result, error};
use crate::ip::host::call_failed;
use crate::ip::host::socket::Socket;
use crate::kernel::Kernel;
use crate::qio::{HUNGUP, QueueRef};
use plan9_abi::queue::{MAX_ATOMIC, TCP_LIMIT_UNSCALED};
use rustix::event::epoll::EventFlags;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

/// The first pause before the host is asked for acknowledgements, and the longest; it doubles while none comes.
const FIRST_LOOK_NS: u64 = 500_000;
const LAST_LOOK_NS: u64 = 16_000_000;
/// Reads of the host's buffer before others get their turn.
const READS: usize = 16;
/// How often a keepalive probes if its message does not say, in milliseconds.
const KEEPALIVE_MS: i64 = 120_000;

/// What ties a conversation to the host.
pub struct Link {
    socket: Socket,
    /// Its number among what is watched.
    id: u64,
    watched: EventFlags,
    /// Bytes at the head of the transmit queue that the socket has taken.
    under_way: usize,
    /// The socket takes no more before it says so.
    full: bool,
    /// The end of our stream has gone to the socket.
    finished: bool,
    /// The end of the peer's stream has come.
    heard_end: bool,
    /// When the host is asked next, if that is due at all, and the pause before it.
    look_at: Option<u64>,
    pause_ns: u64,
    /// The peer's window shift and ours.
    pub shifts: (u32, u32),
}

/// The limit of a transmit queue, in allocated bytes: the smaller of the two ends' shifts scales it (`ip/tcp.c`).
pub fn limit(shifts: (u32, u32)) -> u64 {
    u64::from(TCP_LIMIT_UNSCALED) << shifts.0.min(shifts.1)
}

fn link(k: &mut Kernel, n: usize) -> Option<&mut Link> {
    k.net.tcp.get(n).ok()?.host.as_mut()
}

/// Ties a socket to a conversation.
pub fn attach(k: &mut Kernel, n: usize, socket: Socket) -> io::Result<()> {
    let watched = EventFlags::OUT;
    let id = k.net.host.watch(&socket, watched)?;
    if let Ok(conversation) = k.net.tcp.get(n) {
        conversation.host = Some(Link {
            socket,
            id,
            watched,
            under_way: 0,
            full: false,
            finished: false,
            heard_end: false,
            look_at: None,
            pause_ns: FIRST_LOOK_NS,
            shifts: (0, 0),
        });
    }
    Ok(())
}

/// Begins a call to an address of the host's.
pub fn call(k: &mut Kernel, n: usize, to: SocketAddr, any_port: bool) -> Result<()> {
    let begin = |k: &mut Kernel| -> io::Result<()> {
        let socket = Socket::call(to)?;
        let own = socket.local()?;
        attach(k, n, socket)?;
        // The host's port is what the peer sees: it is ours too, unless the program chose one.
        if let Ok(conversation) = k.net.tcp.get(n)
            && any_port
        {
            conversation.local.1 = own.port();
            if own.is_ipv6() {
                conversation.local.0 = own.ip();
            }
        }
        Ok(())
    };
    begin(k).map_err(|why| call_failed(&why))
}

/// The host has news of a conversation.
pub fn arrived(k: &mut Kernel, n: usize, events: EventFlags) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    let state = conversation.state;
    let Some(link) = &mut conversation.host else { return };
    let failed = events.contains(EventFlags::ERR).then(|| link.socket.failure()).flatten();
    if state == State::SynSent {
        match failed {
            Some(why) => refused(k, n, &why),
            None if events.contains(EventFlags::OUT) => established(k, n),
            None => {}
        }
        return;
    }
    if failed.is_some() {
        lost(k, n);
        return;
    }
    if events.contains(EventFlags::OUT) {
        link.full = false;
    }
    if events.intersects(EventFlags::IN | EventFlags::HUP) {
        receive(k, n);
    }
    send(k, n);
}

/// The call failed.
fn refused(k: &mut Kernel, n: usize, why: &io::Error) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    conversation.host = None;
    conversation.failure = Some(call_failed(why));
    stream::reset(k, n);
    stream::release(k, n);
}

/// The two ends have met.
pub fn established(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    let Some(link) = &mut conversation.host else { return };
    link.shifts = link.socket.peer_shift().map_or((0, 0), |shift| (shift, SHIFT));
    conversation.transmit.borrow_mut().limit = limit(link.shifts);
    conversation.state = State::Established;
    let wait = conversation.wait;
    k.waits.wake(wait);
    send(k, n);
}

/// Takes what has come.
fn receive(k: &mut Kernel, n: usize) {
    let mut buffer = vec![0; MAX_ATOMIC];
    for _ in 0..READS {
        let Ok(conversation) = k.net.tcp.get(n) else { return };
        let (state, received) = (conversation.state, Rc::clone(&conversation.received));
        let Some(link) = &mut conversation.host else { return };
        let open = matches!(state, State::Established | State::CloseWait);
        let room = if open { window(&received) } else { buffer.len() };
        if room == 0 || link.heard_end {
            return;
        }
        match link.socket.receive(&mut buffer[..room.min(MAX_ATOMIC)]) {
            Ok(0) => {
                link.heard_end = true;
                match state {
                    State::Established => {
                        conversation.state = State::CloseWait;
                        received.borrow_mut().hangup(&mut k.waits, HUNGUP);
                    }
                    State::Finwait1 => conversation.state = State::Closing,
                    State::Finwait2 => over(k, n),
                    _ => {}
                }
                return;
            }
            Ok(count) if open => {
                received.borrow_mut().append(&mut k.waits, &buffer[..count]);
            }
            // Nobody is there to read it: dropped, and answered by a reset once our own end has arrived.
            Ok(_) if state == State::Finwait2 => {
                if let Some(link) = conversation.host.take() {
                    link.socket.abort();
                }
                over(k, n);
                return;
            }
            Ok(_) => {}
            Err(why) if why.kind() == ErrorKind::WouldBlock => return,
            Err(why) if why.kind() == ErrorKind::Interrupted => {}
            Err(_) => {
                lost(k, n);
                return;
            }
        }
    }
}

/// Bytes that may still come.
fn window(received: &QueueRef) -> usize {
    (SCALED as usize).saturating_sub(received.borrow().length())
}

/// Takes out of the transmit queue what the peer has acknowledged, and moves on a conversation that is ending.
pub fn acknowledged(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    let transmit = Rc::clone(&conversation.transmit);
    let Some(link) = &mut conversation.host else { return };
    if link.under_way == 0 && !link.finished {
        return;
    }
    let left = link.socket.unacknowledged();
    let gone = link.under_way.saturating_sub(left);
    if gone > 0 {
        link.under_way -= gone;
        link.pause_ns = FIRST_LOOK_NS;
        transmit.borrow_mut().take(&mut k.waits, gone);
    }
    if !link.finished || left > 0 {
        return;
    }
    match conversation.state {
        State::Finwait1 | State::Finwait2 => {
            conversation.state = State::Finwait2;
            // With no file open nobody waits for the peer's end; the host answers what still comes.
            if conversation.opens == 0 {
                over(k, n);
            }
        }
        State::Closing | State::LastAck => over(k, n),
        _ => {}
    }
}

/// Hands over what the socket takes, and the end of the stream behind it; then waits for what has to come.
pub fn send(k: &mut Kernel, n: usize) {
    acknowledged(k, n);
    loop {
        let Ok(conversation) = k.net.tcp.get(n) else { return };
        let ending = conversation.ending;
        let transmit = Rc::clone(&conversation.transmit);
        if conversation.state == State::SynSent {
            return;
        }
        let Some(link) = &mut conversation.host else { return };
        let data = transmit.borrow().copy(link.under_way, MAX_ATOMIC);
        if data.is_empty() {
            if ending && !link.finished {
                link.finished = true;
                link.socket.finish();
            }
            break;
        }
        if link.full {
            break;
        }
        match link.socket.send(&data) {
            Ok(count) => {
                link.under_way += count;
                link.full = count < data.len();
            }
            Err(why) if why.kind() == ErrorKind::WouldBlock => link.full = true,
            Err(why) if why.kind() == ErrorKind::Interrupted => {}
            Err(_) => {
                lost(k, n);
                return;
            }
        }
    }
    watch(k, n);
}

/// Watches for what the conversation now needs.
pub fn watch(k: &mut Kernel, n: usize) {
    let now = k.mono_ns();
    let tick = k.net.tick;
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    let open = matches!(conversation.state, State::Established | State::CloseWait);
    let room = !open || window(&conversation.received) > 0;
    let waited_for = conversation.transmit.borrow().is_waited_for();
    let Some(link) = &mut conversation.host else { return };
    let mut wanted = EventFlags::empty();
    wanted.set(EventFlags::IN, room && !link.heard_end);
    wanted.set(EventFlags::OUT, link.full);
    let quiet = !link.full && (waited_for && link.under_way > 0 || link.finished);
    let settled = conversation.state == State::Finwait2;
    if quiet && !settled && link.look_at.is_none() {
        let at = now + link.pause_ns;
        link.pause_ns = (link.pause_ns * 2).min(LAST_LOOK_NS);
        link.look_at = Some(at);
        k.timers.wake_at(at, tick);
    }
    if wanted != link.watched && k.net.host.rewatch(&link.socket, link.id, wanted).is_ok() {
        link.watched = wanted;
    }
}

/// Asks the host about the conversations whose time has come.
pub fn look(k: &mut Kernel) {
    let now = k.mono_ns();
    for n in 0..k.net.tcp.slots.len() {
        if let Some(link) = link(k, n)
            && link.look_at.is_some_and(|at| at <= now)
        {
            link.look_at = None;
            send(k, n);
        }
    }
}

/// The conversation with this number among what is watched.
pub fn find(k: &Kernel, id: u64) -> Option<usize> {
    let of = |c: &Conversation| c.host.as_ref().is_some_and(|link| link.id == id);
    k.net.tcp.slots.iter().position(|slot| slot.as_ref().is_some_and(of))
}

/// ctl `close`, and the last close of the files: what is queued still goes.
pub fn close(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    conversation.state = match conversation.state {
        State::CloseWait => State::LastAck,
        _ => State::Finwait1,
    };
    conversation.received.borrow_mut().flush(&mut k.waits);
    conversation.received.borrow_mut().hangup(&mut k.waits, HUNGUP);
    conversation.transmit.borrow_mut().hangup(&mut k.waits, HUNGUP);
    conversation.ending = true;
    // What has come and was not read is dropped before the peer hears of our end.
    receive(k, n);
    send(k, n);
}

/// ctl `hangup`: the peer is told by a reset.
pub fn hangup(k: &mut Kernel, n: usize) {
    if let Ok(conversation) = k.net.tcp.get(n)
        && let Some(link) = conversation.host.take()
    {
        link.socket.abort();
    }
    stream::reset(k, n);
}

/// The peer has reset the conversation, or cannot be reached any more: what was not read is lost.
fn lost(k: &mut Kernel, n: usize) {
    if let Ok(conversation) = k.net.tcp.get(n) {
        conversation.host = None;
    }
    stream::reset(k, n);
    stream::release(k, n);
}

/// Both directions have ended.
fn over(k: &mut Kernel, n: usize) {
    if let Ok(conversation) = k.net.tcp.get(n) {
        conversation.host = None;
        conversation.state = State::Closed;
        let wait = conversation.wait;
        k.waits.wake(wait);
    }
    stream::release(k, n);
}

/// ctl `keepalive` with its interval in milliseconds, off if that is not above 0.
pub fn keep_alive(k: &mut Kernel, n: usize, interval: Option<&str>) -> Result<()> {
    let conversation = k.net.tcp.get(n)?;
    if conversation.state != State::Established {
        return Err(error("connection must be in Establised state"));
    }
    let every = interval.map_or(KEEPALIVE_MS, |text| text.parse().unwrap_or(0));
    if let Some(link) = &conversation.host {
        let every = u64::try_from(every).ok().filter(|&ms| ms > 0).map(Duration::from_millis);
        link.socket.keep_alive(every).map_err(|why| call_failed(&why))?;
    }
    Ok(())
}

/// Bytes that ended conversations have not been able to hand over, and to whom.
pub fn undelivered(k: &Kernel) -> Vec<((IpAddr, u16), usize)> {
    let left = |c: &Conversation| {
        let link = c.host.as_ref().filter(|link| c.ending && !link.finished)?;
        Some((c.remote, c.transmit.borrow().length() - link.under_way))
    };
    k.net.tcp.slots.iter().flatten().filter_map(left).collect()
}

#[cfg(test)]
mod tests {
    use super::limit;

    #[test]
    fn the_smaller_shift_scales_the_limit() {
        for (shifts, bytes) in [
            ((0, 0), 65_535),
            ((0, 7), 65_535),
            ((4, 7), 1_048_560),
            ((7, 7), 8_388_480),
            ((10, 7), 8_388_480),
        ] {
            assert_eq!(limit(shifts), bytes, "{shifts:?}");
        }
    }
}
