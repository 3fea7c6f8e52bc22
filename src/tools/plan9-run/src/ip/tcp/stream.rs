//! The bytes of a conversation inside the machine.
//!
//! Spliced, a write goes straight into the peer's receive queue, and the peer's end is learnt by reading alone. With
//! `--no-splice`, and to an address without a route of its own such as `::1`, a write goes into the writer's own transmit
//! queue and moves on as far as the peer's window lets it. The wire in between delays nothing, and loses nothing but full
//! segments on the loopback interface, where its MTU is what its medium has: their packets are longer than IP sends, so
//! the first one stops the stream. Whoever is not there answers with a reset.

use super::{Conversation, HANGUP, State, UNSCALED, WHOLE, clock, end, host, shift};
use crate::dev::Result;
use crate::kernel::Kernel;
use crate::qio::{Owner, QueueRef};
use plan9_abi::queue::MAX_ATOMIC;
use std::rc::Rc;

/// A conversation's end as its queues see it.
pub struct End {
    pub n: usize,
}

impl Owner for End {
    fn consumed(&self, k: &mut Kernel) {
        let Ok(conversation) = k.net.tcp.get(self.n) else { return };
        if conversation.host.is_some() {
            host::watch(k, self.n);
        } else if let Some(peer) = conversation.peer.filter(|_| !conversation.spliced) {
            output(k, peer);
        }
    }

    fn accept(&self, k: &mut Kernel, data: &[u8]) -> Result<Option<(QueueRef, u64)>> {
        let conversation = k.net.tcp.get(self.n)?;
        if !conversation.spliced {
            let queue = Rc::clone(&conversation.transmit);
            let position = queue.borrow_mut().append(&mut k.waits, data);
            kick(k, self.n);
            return Ok(Some((queue, position)));
        }
        let Some(peer) = conversation.peer else { return Ok(None) };
        let peer = k.net.tcp.get(peer)?;
        // It has closed, and may be a conversation of others by now: what is written vanishes.
        if peer.peer != Some(self.n) || !peer.spliced {
            return Ok(None);
        }
        let queue = Rc::clone(&peer.received);
        queue.borrow().closed()?;
        let position = queue.borrow_mut().append(&mut k.waits, data);
        Ok(Some((queue, position)))
    }
}

/// Something was written. Where nothing can be, that ends the conversation (`ip/tcp.c:tcpkick`).
fn kick(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    match conversation.state {
        State::SynSent => {}
        State::Established | State::CloseWait => match conversation.host {
            Some(_) => host::send(k, n),
            None => output(k, n),
        },
        _ => end::local_close(k, n, Some(HANGUP)),
    }
}

impl Conversation {
    /// What the peer may send more. The window is not opened for less than a full segment (`ip/tcp.c:tcprcvwin`).
    fn room(&mut self, window: u64) -> usize {
        let free = window.saturating_sub(self.received.borrow().length() as u64);
        let left = self.edge.saturating_sub(self.came);
        if self.segments == WHOLE || free >= left + self.segments.full as u64 {
            self.edge = self.came + free;
        }
        self.edge.saturating_sub(self.came) as usize
    }
}

/// Moves what the peer's window takes (unspliced), and the end of the stream behind it.
pub(super) fn output(k: &mut Kernel, n: usize) {
    let window = UNSCALED << shift(k.options.old());
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    let sends = matches!(
        conversation.state,
        State::Established | State::CloseWait | State::Finwait1 | State::LastAck | State::Closing
    );
    let still = conversation.spliced || conversation.stands_still;
    if still || conversation.host.is_some() || !sends {
        return;
    }
    if k.net.tcp.taker.is_before(n) {
        return;
    }
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    let (unheard, ending) = (conversation.unheard, conversation.ending);
    let segments = conversation.segments;
    let own = Rc::clone(&conversation.transmit);
    let has_data = own.borrow().length() > 0;
    if !has_data && !ending {
        return;
    }
    let Some(to) = conversation.peer else {
        return if unheard { clock::give_up_later(k, n) } else { end::reset(k, n) };
    };
    let Ok(peer) = k.net.tcp.get(to) else { return };
    if peer.state == State::Finwait2 && has_data {
        end::kicked(k, to);
        return end::reset(k, n);
    }
    let received = Rc::clone(&peer.received);
    let ready = own.borrow().length().min(peer.room(window));
    if !unheard && segments.are_lost && ready >= segments.full {
        if let Ok(conversation) = k.net.tcp.get(n) {
            conversation.stands_still = true;
        }
        return clock::stand_still(k, n);
    }
    if ready > 0 {
        peer.came += ready as u64;
        let bytes = match unheard {
            true => own.borrow().copy(0, ready),
            false => own.borrow_mut().take(&mut k.waits, ready),
        };
        // Nobody reads any more at an end that is hung up.
        let open = received.borrow().closed().is_ok();
        for piece in bytes.chunks(MAX_ATOMIC).filter(|_| open) {
            received.borrow_mut().append(&mut k.waits, piece);
        }
    }
    if unheard {
        // Its acknowledgement finds nobody.
        end::reset(k, to);
        return clock::give_up_later(k, n);
    }
    if ending && own.borrow().length() == 0 {
        if let Ok(conversation) = k.net.tcp.get(n) {
            conversation.ending = false;
        }
        end::end_came(k, to);
        end::end_acknowledged(k, n);
        // What the peer still has meets a closed end now.
        output(k, to);
    }
}
