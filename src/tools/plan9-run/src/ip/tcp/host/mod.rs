//! A conversation with a peer beyond the host.
//!
//! The transmit queue is the kernel's own: data stays in it, and counts against its limit, until the peer has
//! acknowledged it. The host's TCP is the wire. What has gone to its socket is `under_way`, a prefix of the queue; how
//! much of that is still unacknowledged the host says when asked (`SIOCOUTQ`), and it is asked at each event, before
//! each send and each `status`. No event comes for an acknowledgement alone, so while a writer waits and the socket has
//! everything, a timer asks.
//!
//! The host's receive buffer is emptied into the receive queue as long as our window of 8 MB is open.

mod end;
mod flow;

pub use end::{abort, discard, finish, keep_alive, undelivered};
pub use flow::{acknowledged, look, send, watch};

use super::{Conversation, State, call as calls, end as ends, shift};
use crate::ip::host::call_failed;
use crate::ip::host::socket::Socket;
use crate::kernel::Kernel;
use flow::FIRST_LOOK_NS;
use plan9_abi::queue::TCP_LIMIT_UNSCALED;
use rustix::event::epoll::EventFlags;
use std::io;
use std::net::SocketAddr;

/// What ties a conversation to the host.
pub struct Link {
    socket: Socket,
    /// Its number among what is watched.
    id: u64,
    /// Nothing is watched once both streams have ended: the host would only repeat that.
    watched: Option<EventFlags>,
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

/// Ties a socket to a conversation.
pub fn attach(k: &mut Kernel, n: usize, socket: Socket) -> io::Result<()> {
    let watched = EventFlags::OUT;
    let id = k.net.host.watch(&socket, watched)?;
    if let Ok(conversation) = k.net.tcp.get(n) {
        conversation.host = Some(Link {
            socket,
            id,
            watched: Some(watched),
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
pub fn call(k: &mut Kernel, n: usize, to: SocketAddr, any_port: bool) -> io::Result<()> {
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
}

/// The host has news of a conversation.
pub fn arrived(k: &mut Kernel, n: usize, events: EventFlags) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    let state = conversation.state;
    let Some(link) = &mut conversation.host else { return };
    let failed = events.contains(EventFlags::ERR).then(|| link.socket.failure()).flatten();
    if state == State::SynSent {
        match failed {
            Some(why) => ends::local_close(k, n, Some(call_failed(&why))),
            None if events.contains(EventFlags::OUT) => established(k, n),
            None => {}
        }
        return;
    }
    if failed.is_some() {
        end::lost(k, n);
        return;
    }
    if events.contains(EventFlags::OUT) {
        link.full = false;
    }
    if events.intersects(EventFlags::IN | EventFlags::HUP) {
        flow::receive(k, n);
    }
    send(k, n);
}

/// The two ends have met.
pub fn established(k: &mut Kernel, n: usize) {
    let ours = shift(k.options.old());
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    let Some(link) = &mut conversation.host else { return };
    link.shifts = link.socket.peer_shift().map_or((0, 0), |shift| (shift, ours));
    let limit = limit(link.shifts);
    calls::establish(k, n, limit);
    send(k, n);
}

/// The conversation with this number among what is watched.
pub fn find(k: &Kernel, id: u64) -> Option<usize> {
    let of = |c: &Conversation| c.host.as_ref().is_some_and(|link| link.id == id);
    k.net.tcp.slots.iter().position(of)
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
