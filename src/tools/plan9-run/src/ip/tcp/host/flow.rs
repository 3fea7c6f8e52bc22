//! The bytes between a conversation's queues and its socket.

use super::super::{SHIFT, State, UNSCALED, end};
use super::end::{lost, over};
use crate::kernel::Kernel;
use crate::qio::QueueRef;
use plan9_abi::queue::MAX_ATOMIC;
use rustix::event::epoll::EventFlags;
use std::io::ErrorKind;
use std::rc::Rc;

/// The first pause before the host is asked for acknowledgements, and the longest; it doubles while none comes.
pub(super) const FIRST_LOOK_NS: u64 = 500_000;
const LAST_LOOK_NS: u64 = 16_000_000;
/// Reads of the host's buffer before others get their turn.
const READS: usize = 16;

/// Takes what has come; true if there may be more.
pub(super) fn receive(k: &mut Kernel, n: usize) -> bool {
    let mut buffer = vec![0; MAX_ATOMIC];
    for _ in 0..READS {
        let Ok(conversation) = k.net.tcp.get(n) else { return false };
        let (state, received) = (conversation.state, Rc::clone(&conversation.received));
        let Some(link) = &mut conversation.host else { return false };
        let open = matches!(state, State::Established | State::CloseWait);
        let room = if open { window(&received) } else { buffer.len() };
        if room == 0 || link.heard_end {
            return false;
        }
        match link.socket.receive(&mut buffer[..room.min(MAX_ATOMIC)]) {
            Ok(0) => {
                link.heard_end = true;
                match state {
                    State::Established | State::Finwait1 => end::end_came(k, n),
                    State::Finwait2 => over(k, n),
                    _ => {}
                }
                return false;
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
                return false;
            }
            Ok(_) => {}
            Err(why) if why.kind() == ErrorKind::WouldBlock => return false,
            Err(why) if why.kind() == ErrorKind::Interrupted => {}
            Err(_) => {
                lost(k, n);
                return false;
            }
        }
    }
    true
}

/// Bytes that may still come.
fn window(received: &QueueRef) -> usize {
    ((UNSCALED << SHIFT) as usize).saturating_sub(received.borrow().length())
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
    let over_limit = conversation.transmit.borrow().is_over_limit();
    let Some(link) = &mut conversation.host else { return };
    let mut wanted = EventFlags::empty();
    wanted.set(EventFlags::IN, room && !link.heard_end);
    wanted.set(EventFlags::OUT, link.full);
    let quiet = !link.full && (over_limit && link.under_way > 0 || link.finished);
    let settled = conversation.state == State::Finwait2;
    if quiet && !settled && link.look_at.is_none() {
        let at = now + link.pause_ns;
        link.pause_ns = (link.pause_ns * 2).min(LAST_LOOK_NS);
        link.look_at = Some(at);
        k.timers.wake_at(at, tick);
    }
    if link.finished && link.heard_end {
        if link.watched.take().is_some() {
            k.net.host.unwatch(&link.socket);
        }
    } else if link.watched.is_some_and(|watched| watched != wanted)
        && k.net.host.rewatch(&link.socket, link.id, wanted).is_ok()
    {
        link.watched = Some(wanted);
    }
}

/// Asks the host about the conversations whose time has come.
pub fn look(k: &mut Kernel) {
    let now = k.mono_ns();
    for n in 0..k.net.tcp.slots.len() {
        let Ok(conversation) = k.net.tcp.get(n) else { continue };
        let Some(link) = conversation.host.as_mut() else { continue };
        if link.look_at.is_none_or(|at| at > now) {
            continue;
        }
        link.look_at = None;
        // What is not watched any more tells of a reset in this way alone.
        if link.watched.is_none() && link.socket.failure().is_some() {
            lost(k, n);
        } else {
            send(k, n);
        }
    }
}
