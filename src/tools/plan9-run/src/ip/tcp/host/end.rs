//! How a conversation with a peer beyond the host ends.

use super::super::{Conversation, end};
use super::flow;
use crate::dev::Result;
use crate::ip::host::call_failed;
use crate::kernel::Kernel;
use std::net::IpAddr;
use std::time::Duration;

/// Turns of [`flow::receive`] that empty the largest buffer of a host.
const DROPS: usize = 64;

/// The conversation has just been closed, if it has a peer beyond the host: what is queued still goes.
pub fn finish(k: &mut Kernel, n: usize) -> bool {
    if !k.net.tcp.get(n).is_ok_and(|conversation| conversation.host.is_some()) {
        return false;
    }
    // What has come and was not read is dropped before the peer hears of our end.
    flow::receive(k, n);
    flow::send(k, n);
    true
}

/// A peer beyond the host is told of a hangup by a reset.
pub fn abort(k: &mut Kernel, n: usize) {
    if let Ok(conversation) = k.net.tcp.get(n)
        && let Some(link) = conversation.host.take()
    {
        link.socket.abort();
    }
}

/// The peer has reset the conversation, or cannot be reached any more: what was not read is lost.
pub(super) fn lost(k: &mut Kernel, n: usize) {
    end::reset(k, n);
}

/// Both directions have ended.
pub(super) fn over(k: &mut Kernel, n: usize) {
    end::local_close(k, n, None);
}

/// Probes a peer beyond the host at this interval in milliseconds, never if it is 0.
pub fn keep_alive(k: &mut Kernel, n: usize, ms: u64) -> Result<()> {
    let Some(link) = &k.net.tcp.get(n)?.host else { return Ok(()) };
    let every = (ms > 0).then(|| Duration::from_millis(ms));
    link.socket.keep_alive(every).map_err(|why| call_failed(&why))
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
    k.net.tcp.slots.iter().filter_map(left).collect()
}
