//! The bytes of a conversation, and its end.
//!
//! Spliced, a write goes straight into the peer's receive queue, and the peer's end is learnt by reading alone. With
//! `--no-splice` a write goes into the writer's own transmit queue and moves on as far as the peer's window lets it; the
//! wire in between neither loses nor delays anything.

use super::{SCALED, State, host};
use crate::dev::{Node, Result};
use crate::kernel::Kernel;
use crate::qio::{HUNGUP, Owner, QueueRef};
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
        } else if let Some(peer) = conversation.peer {
            transmit(k, peer);
        }
    }

    fn accept(&self, k: &mut Kernel, data: &[u8]) -> Result<Option<(QueueRef, u64)>> {
        let conversation = k.net.tcp.get(self.n)?;
        if !conversation.spliced {
            let queue = Rc::clone(&conversation.transmit);
            let position = queue.borrow_mut().append(&mut k.waits, data);
            match conversation.host {
                Some(_) => host::send(k, self.n),
                None => transmit(k, self.n),
            }
            return Ok(Some((queue, position)));
        }
        let Some(peer) = conversation.peer else { return Ok(None) };
        let peer = k.net.tcp.get(peer)?;
        if peer.state == State::Closed {
            return Ok(None);
        }
        let queue = Rc::clone(&peer.received);
        let position = queue.borrow_mut().append(&mut k.waits, data);
        Ok(Some((queue, position)))
    }
}

/// Moves what the peer's window takes (unspliced), and the end of the stream behind it.
fn transmit(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    if conversation.spliced {
        return;
    }
    let (own, ending, peer) =
        (Rc::clone(&conversation.transmit), conversation.ending, conversation.peer);
    let Some(peer) = peer.and_then(|peer| k.net.tcp.get(peer).ok()) else {
        if ending {
            // Nobody is left to hear the rest.
            finish(k, n);
            return;
        }
        // The other end is gone: it answers data with a reset.
        if conversation_is_over(k, n) && own.borrow().length() > 0 {
            reset(k, n);
        }
        return;
    };
    if peer.state == State::Closed {
        if ending {
            finish(k, n);
            return;
        }
        // Data for a closed end: it answers with a reset.
        if own.borrow().length() > 0 {
            reset(k, n);
        }
        return;
    }
    let to = Rc::clone(&peer.received);
    let room = SCALED.saturating_sub(to.borrow().length() as u64) as usize;
    let ready = own.borrow().length().min(room);
    if ready > 0 {
        let bytes = own.borrow_mut().take(&mut k.waits, ready);
        for piece in bytes.chunks(plan9_abi::queue::MAX_ATOMIC) {
            to.borrow_mut().append(&mut k.waits, piece);
        }
    }
    if ending && own.borrow().length() == 0 {
        finish(k, n);
    }
}

fn conversation_is_over(k: &mut Kernel, n: usize) -> bool {
    k.net.tcp.get(n).is_ok_and(|conversation| conversation.state == State::CloseWait)
}

/// All that a closed end had to say has arrived: its FIN follows.
fn finish(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    conversation.ending = false;
    conversation.state = State::Closed;
    let peer = conversation.peer.take();
    if let Some(peer) = peer.and_then(|peer| k.net.tcp.get(peer).ok()) {
        if peer.state == State::Established {
            peer.state = State::CloseWait;
        }
        peer.received.borrow_mut().hangup(&mut k.waits, HUNGUP);
    }
    release(k, n);
}

/// Ends a conversation at once; its queues are emptied.
pub(super) fn reset(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    conversation.state = State::Closed;
    conversation.peer = None;
    for queue in [&conversation.received, &conversation.transmit] {
        let mut queue = queue.borrow_mut();
        queue.flush(&mut k.waits);
        queue.hangup(&mut k.waits, HUNGUP);
    }
    let wait = conversation.wait;
    k.waits.wake(wait);
}

/// ctl `close`, and what the last close of the files does.
pub fn close(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    let (state, peer, spliced) = (conversation.state, conversation.peer, conversation.spliced);
    match state {
        State::Listen => {
            let calls: Vec<usize> = conversation.incoming.drain(..).collect();
            let wait = conversation.wait;
            conversation.state = State::Closed;
            k.waits.wake(wait);
            for call in calls {
                close(k, call);
                release(k, call);
            }
        }
        State::Established | State::CloseWait if spliced => {
            reset(k, n);
            if let Some(peer) = peer.and_then(|peer| k.net.tcp.get(peer).ok()) {
                peer.peer = None;
                peer.received.borrow_mut().hangup(&mut k.waits, HUNGUP);
            }
        }
        State::Established | State::CloseWait if conversation.host.is_some() => host::close(k, n),
        State::Established | State::CloseWait => {
            conversation.received.borrow_mut().flush(&mut k.waits);
            conversation.received.borrow_mut().hangup(&mut k.waits, HUNGUP);
            conversation.transmit.borrow_mut().hangup(&mut k.waits, HUNGUP);
            conversation.state = State::Finwait2;
            conversation.ending = true;
            transmit(k, n);
        }
        _ => {
            let wait = conversation.wait;
            if state == State::SynSent {
                conversation.state = State::Closed;
                conversation.host = None;
            }
            k.waits.wake(wait);
        }
    }
}

/// ctl `hangup`: a reset. A spliced peer is told nothing.
pub fn hangup(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    if conversation.state == State::Listen {
        close(k, n);
        return;
    }
    if conversation.host.is_some() {
        host::hangup(k, n);
        return;
    }
    let (peer, spliced) = (conversation.peer, conversation.spliced);
    reset(k, n);
    if spliced {
        return;
    }
    if let Some(peer) = peer {
        reset(k, peer);
    }
}

/// Gives the slot back once no file is open and nothing is on its way.
pub(super) fn release(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    if conversation.opens == 0 && conversation.state == State::Closed {
        for other in k.net.tcp.slots.iter_mut().flatten() {
            if other.peer == Some(n) {
                other.peer = None;
            }
        }
        k.net.tcp.slots[n] = None;
    }
}

/// The node of one of a conversation's files is closed.
pub fn close_file(k: &mut Kernel, n: usize, _node: &Node) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    conversation.opens = conversation.opens.saturating_sub(1);
    if conversation.opens == 0 {
        close(k, n);
        host::acknowledged(k, n);
        release(k, n);
    }
}
