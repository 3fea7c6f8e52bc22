//! How conversations end (`ip/tcp.c:tcpclose`, `tcphangup`, `localclose`, `ip/devip.c:closeconv`).

use super::{Conversation, HANGUP, Phase, REFUSED, State, clock, host, stream, taker};
use crate::dev::Error;
use crate::ip::address::ANY;
use crate::kernel::Kernel;
use crate::qio::HUNGUP;

/// Sets the state, with what that does to the queues, and to who waits for a connection (`tcpsetstate`).
pub(super) fn set_state(k: &mut Kernel, n: usize, state: State) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    let was = std::mem::replace(&mut conversation.state, state);
    if was == state {
        return;
    }
    match state {
        State::Closed => {
            for queue in [&conversation.received, &conversation.transmit, &conversation.errors] {
                queue.borrow_mut().close(&mut k.waits);
            }
            conversation.due = 0;
        }
        State::CloseWait => conversation.received.borrow_mut().hangup(&mut k.waits, HUNGUP),
        _ => {}
    }
    if was == State::SynSent && state != State::Closed {
        connected(k, n, None);
    }
}

/// Ends a wait for a connection, well or badly (`ip/devip.c:Fsconnected`).
fn connected(k: &mut Kernel, n: usize, failure: Option<Error>) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    if failure.is_some() {
        conversation.failure = failure;
    }
    if conversation.phase == Phase::Connecting {
        conversation.phase = Phase::Connected;
    }
    let wait = conversation.wait;
    k.waits.wake(wait);
}

/// Ends a conversation at once, without a word to its peer; what is in its queues is lost.
pub(super) fn local_close(k: &mut Kernel, n: usize, reason: Option<Error>) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    if conversation.state == State::SynSent {
        connected(k, n, reason.clone());
    }
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    if conversation.phase == Phase::Announced {
        k.waits.wake(conversation.wait);
    }
    let why = reason.unwrap_or(HUNGUP);
    conversation.received.borrow_mut().hangup(&mut k.waits, why.clone());
    conversation.transmit.borrow_mut().hangup(&mut k.waits, why);
    conversation.host = None;
    let peer = conversation.peer.take();
    set_state(k, n, State::Closed);
    // The peer has nobody now. What it has not been able to send yet is answered by a reset.
    if let Some(to) = peer
        && let Ok(peer) = k.net.tcp.get(to)
        && peer.peer == Some(n)
        && !peer.spliced
    {
        peer.peer = None;
        let waiting = peer.transmit.borrow().length() > 0;
        if waiting {
            stream::output(k, to);
        }
    }
}

/// A reset has come. Kernels before 2025-10-18 then hang the conversation up once more, with a text of its own.
pub(super) fn reset(k: &mut Kernel, n: usize) {
    local_close(k, n, Some(REFUSED));
    kicked(k, n);
}

/// What a kernel before 2025-10-18 does to a conversation that it is done with.
pub(super) fn kicked(k: &mut Kernel, n: usize) {
    if k.options.old() {
        local_close(k, n, Some(HANGUP));
    }
}

/// ctl `close`, and what the last close of the files does.
pub(super) fn close(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    for queue in [&conversation.received, &conversation.transmit, &conversation.errors] {
        queue.borrow_mut().hangup(&mut k.waits, HUNGUP);
    }
    conversation.received.borrow_mut().flush(&mut k.waits);
    let (state, peer, spliced) = (conversation.state, conversation.peer, conversation.spliced);
    match state {
        State::Listen | State::Closed | State::SynSent => local_close(k, n, None),
        State::Established if spliced => {
            // Whoever has that number now: the kernel does not look.
            if let Some(peer) = peer.and_then(|peer| k.net.tcp.get(peer).ok()) {
                peer.received.borrow_mut().hangup(&mut k.waits, HUNGUP);
            }
            local_close(k, n, None);
        }
        State::Established | State::CloseWait => {
            conversation.ending = true;
            let next = match state {
                State::Established => State::Finwait1,
                _ => State::LastAck,
            };
            set_state(k, n, next);
            if !host::finish(k, n) {
                stream::output(k, n);
            }
        }
        _ => {}
    }
}

/// ctl `hangup`: a reset. A spliced peer is told nothing.
pub(super) fn hangup(k: &mut Kernel, n: usize) {
    host::abort(k, n);
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    let tells = conversation.remote.0 != ANY && !conversation.spliced;
    if let Some(peer) = conversation.peer.filter(|_| tells) {
        reset(k, peer);
    }
    local_close(k, n, None);
}

/// All that this end has said has been acknowledged, its end included.
pub(super) fn end_acknowledged(k: &mut Kernel, n: usize) {
    match k.net.tcp.get(n).map(|conversation| conversation.state) {
        Ok(State::Finwait1) => {
            set_state(k, n, State::Finwait2);
            clock::wait_for_the_peer(k, n);
        }
        Ok(State::Closing) => wait_in_time_wait(k, n),
        Ok(State::LastAck) => {
            local_close(k, n, None);
            kicked(k, n);
        }
        _ => {}
    }
}

/// The end of the peer's stream has come.
pub(super) fn end_came(k: &mut Kernel, n: usize) {
    match k.net.tcp.get(n).map(|conversation| conversation.state) {
        Ok(State::Established) => set_state(k, n, State::CloseWait),
        Ok(State::Finwait1) => set_state(k, n, State::Closing),
        Ok(State::Finwait2) => wait_in_time_wait(k, n),
        _ => {}
    }
}

fn wait_in_time_wait(k: &mut Kernel, n: usize) {
    set_state(k, n, State::TimeWait);
    clock::wait_for_the_peer(k, n);
}

/// A file of the conversation is closed, or another holder is gone (`closeconv`).
pub fn close_file(k: &mut Kernel, n: usize) {
    if taker::close_later(k, n) {
        return;
    }
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    conversation.opens = conversation.opens.saturating_sub(1);
    if conversation.opens > 0 {
        return;
    }
    let calls: Vec<usize> = conversation.incoming.drain(..).collect();
    for call in calls {
        close_file(k, call);
    }
    close(k, n);
    if let Ok(Conversation { phase, .. }) = k.net.tcp.get(n) {
        *phase = Phase::Idle;
    }
    host::acknowledged(k, n);
}
