//! What the kernel's timers do to conversations: calls are repeated, and states end that nothing else ends.
//!
//! The protocol counts ticks for which it asks 50 ms each; the clock's own ticks of 10 ms make 60 of them, as was seen
//! on a real kernel.

use super::end::{local_close, reset};
use super::{Conversation, REFUSED, State, TIMED_OUT, call};
use crate::kernel::Kernel;

/// A tick as the protocol counts it, and as long as it takes.
pub const TICK_MS: u64 = 50;
const TICK_NS: u64 = 60_000_000;
/// How long Time_wait lasts, and how often the peer is asked in Finwait2 (`MSL2`), in ticks.
const MSL2: u64 = 10_000 / TICK_MS;
/// Keepalives that are not answered before the next one gives the conversation up (`MAX_KAT`).
const KEEPALIVES: u32 = 3;
/// How long a call is repeated, and data that nobody acknowledges, in milliseconds as the protocol counts them.
const CALL_MS: u64 = 270_000;
const DATA_MS: u64 = 540_000;
/// The pause behind the first call; it doubles up to the longest.
const FIRST_PAUSE_MS: u64 = 1500;
const LAST_PAUSE_MS: u64 = 64_000;

/// The conversation's timer rings after so many nanoseconds, and at no other time.
pub(super) fn ring_in(k: &mut Kernel, n: usize, ns: u64) {
    let at = k.mono_ns() + ns;
    if let Ok(conversation) = k.net.tcp.get(n) {
        conversation.due = at;
        k.net.rings.push((at, n));
        k.timers.wake_at(at, k.net.tick);
    }
}

fn ring_in_ticks(k: &mut Kernel, n: usize, ticks: u64) {
    ring_in(k, n, ticks * TICK_NS);
}

/// The pause behind a call that was repeated so often, in milliseconds.
fn pause_ms(tries: u32) -> u64 {
    (FIRST_PAUSE_MS << tries.min(8)).min(LAST_PAUSE_MS)
}

/// The call is given up after so many pauses.
fn is_given_up(tries: u32) -> bool {
    (0..tries).map(pause_ms).sum::<u64>() >= CALL_MS
}

/// Nobody has answered the call: it is made once more later, or given up.
pub(super) fn repeat(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    let tries = conversation.tries;
    conversation.tries += 1;
    match is_given_up(tries) {
        false => ring_in_ticks(k, n, pause_ms(tries) / TICK_MS),
        true => local_close(k, n, Some(TIMED_OUT)),
    }
}

/// Time_wait, and Finwait2, which is the interval of keepalives from then on.
pub(super) fn wait_for_the_peer(k: &mut Kernel, n: usize) {
    if let Ok(conversation) = k.net.tcp.get(n)
        && conversation.state == State::Finwait2
    {
        conversation.keepalive = MSL2;
    }
    ring_in_ticks(k, n, MSL2);
}

/// What it sends is not acknowledged any more: keepalives or the data itself give it up.
pub(super) fn give_up_later(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    let data = conversation.transmit.borrow().length() > 0;
    match conversation.keepalive {
        0 if !data => {}
        0 => ring_in_ticks(k, n, DATA_MS / TICK_MS),
        interval => ring_in_ticks(k, n, interval),
    }
}

/// A full segment was lost, and is each time that it is sent again: the data's last try gives the conversation up.
pub(super) fn stand_still(k: &mut Kernel, n: usize) {
    ring_in_ticks(k, n, DATA_MS / TICK_MS);
}

/// The timer of an end that its peer cannot reach: a keepalive, whose answer finds nobody, or the last try.
fn unheard(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    conversation.tries += 1;
    if conversation.keepalive == 0 || conversation.tries > KEEPALIVES {
        return local_close(k, n, Some(TIMED_OUT));
    }
    if let Some(peer) = conversation.peer {
        reset(k, peer);
    }
    give_up_later(k, n);
}

/// The protocol's timer as `status` shows it: what is left of it, and what it began with, in milliseconds.
pub(super) fn shown(conversation: &Conversation, now: u64) -> (u64, u64) {
    let left = conversation.due.saturating_sub(now).div_ceil(TICK_NS) * TICK_MS;
    match conversation.state {
        State::SynSent => (left, pause_ms(conversation.tries.saturating_sub(1))),
        State::TimeWait => (left, MSL2 * TICK_MS),
        _ => (0, 0),
    }
}

/// The timers that are due.
pub fn run_timers(k: &mut Kernel) {
    let now = k.mono_ns();
    let rings = std::mem::take(&mut k.net.rings);
    let (due, later) = rings.into_iter().partition(|&(at, _)| at <= now);
    k.net.rings = later;
    let due: Vec<(u64, usize)> = due;
    for (at, n) in due {
        let Ok(conversation) = k.net.tcp.get(n) else { continue };
        // It may have been set again since.
        if conversation.due != at {
            continue;
        }
        conversation.due = 0;
        let alone = conversation.peer.is_none();
        match conversation.state {
            State::SynSent => call::answered(k, n),
            State::TimeWait => local_close(k, n, None),
            // The peer's acknowledgement puts it off; whoever is not there answers with a reset.
            State::Finwait2 if alone => local_close(k, n, Some(REFUSED)),
            State::Finwait2 => wait_for_the_peer(k, n),
            _ if conversation.unheard => unheard(k, n),
            _ if conversation.stands_still => local_close(k, n, Some(TIMED_OUT)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TICK_MS, TICK_NS, is_given_up, pause_ms};

    #[test]
    fn a_call_is_given_up_when_a_real_kernel_gave_it_up() {
        let pauses = (0..).take_while(|&tries| !is_given_up(tries)).map(pause_ms);
        let pauses: Vec<u64> = pauses.collect();
        assert_eq!(pauses[..4], [1500, 3000, 6000, 12_000]);
        // 342 s were measured.
        let seconds = pauses.iter().sum::<u64>() / TICK_MS * TICK_NS / 1_000_000_000;
        assert!((340..346).contains(&seconds), "{seconds}");
    }
}
