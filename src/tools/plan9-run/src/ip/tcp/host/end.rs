//! How a conversation with a peer beyond the host ends.

use super::super::{Conversation, State, stream};
use super::flow;
use crate::dev::{Result, error};
use crate::ip::host::call_failed;
use crate::kernel::Kernel;
use crate::qio::HUNGUP;
use std::net::IpAddr;
use std::time::Duration;

/// How often a keepalive probes if its message does not say, in milliseconds.
const KEEPALIVE_MS: i64 = 120_000;
/// Turns of [`flow::receive`] that empty the largest buffer of a host.
const DROPS: usize = 64;

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
    flow::receive(k, n);
    flow::send(k, n);
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
pub(super) fn lost(k: &mut Kernel, n: usize) {
    if let Ok(conversation) = k.net.tcp.get(n) {
        conversation.host = None;
    }
    stream::reset(k, n);
    stream::release(k, n);
}

/// Both directions have ended.
pub(super) fn over(k: &mut Kernel, n: usize) {
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

/// Drops what has come for conversations that have ended: the host would answer it by a reset when we are gone, and what
/// the peer has not yet been sent would be lost with that.
pub fn discard(k: &mut Kernel) {
    for n in 0..k.net.tcp.slots.len() {
        // A peer that sends as fast as we drop does not hold us.
        let _ = (0..DROPS).all(|_| flow::receive(k, n));
    }
}

/// Bytes that ended conversations have not been able to hand over, and to whom.
pub fn undelivered(k: &Kernel) -> Vec<((IpAddr, u16), usize)> {
    let left = |c: &Conversation| {
        let link = c.host.as_ref().filter(|link| c.ending && !link.finished)?;
        Some((c.remote, c.transmit.borrow().length() - link.under_way))
    };
    k.net.tcp.slots.iter().flatten().filter_map(left).collect()
}
