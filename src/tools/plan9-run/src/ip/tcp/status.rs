//! The line of `status` (`ip/tcp.c:tcpstate`). Timers and rates are those of a wire that takes no time.

use super::clock::{TICK_MS, shown};
use super::{Conversation, State, shift};
use plan9_abi::queue::TCP_LIMIT_UNSCALED;

impl State {
    fn name(self) -> &'static str {
        match self {
            State::Closed => "Closed",
            State::Listen => "Listen",
            State::SynSent => "Syn_sent",
            State::Established => "Established",
            State::Finwait1 => "Finwait1",
            State::Finwait2 => "Finwait2",
            State::CloseWait => "Close_wait",
            State::Closing => "Closing",
            State::LastAck => "Last_ack",
            State::TimeWait => "Time_wait",
        }
    }
}

/// The line, in the words of a kernel before 2025-10-18 or of a newer one, `now` by the machine's clock.
pub fn status(conversation: &Conversation, old: bool, now: u64) -> String {
    let state = conversation.state.name();
    let qin = conversation.received.borrow().length();
    let qout = conversation.transmit.borrow().length();
    let own = (shift(old), shift(old));
    let (theirs, ours) = conversation.host.as_ref().map_or(own, |link| link.shifts);
    let swin = u64::from(TCP_LIMIT_UNSCALED) << theirs;
    let rwin = u64::from(TCP_LIMIT_UNSCALED) << ours;
    let (left, from) = shown(conversation, now);
    if old {
        let (left, from) = (left / TICK_MS, from / TICK_MS);
        return format!(
            "{state} qin {qin} qout {qout} rq 0.0 srtt 0 mdev 0 sst 65535 cwin 65535 swin {swin}>>{theirs} rwin {rwin}>>{ours} qscale {ours} timer.start {from} timer.count {left} rerecv 0 katimer.start 2400 katimer.count 0\n"
        );
    }
    let keepalive = conversation.keepalive * TICK_MS;
    format!(
        "{state} qin {qin} qout {qout} rq 0.0 ovl 0 srtt 0>>3 mdev 0 timer {left}/{from} sst 65535 cwin 65535 swin {swin}>>{theirs} rwin {rwin}>>{ours} ka {keepalive}/{keepalive} 0\n"
    )
}
