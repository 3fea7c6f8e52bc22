//! A blocked read.

use crate::acts::Act;
use crate::pairs::Pair;
use conformance::long;
use conformance::tcp::{Lines, Listener, reads, settle, writes};
use conformance::watched::Call;
use plan9_abi::sys::file;

const ALARM_MS: u32 = 200;

pub fn read(listener: &Listener, act: Act) {
    let mut pair = Pair::new(listener);
    let lines = Lines::new(long!("read, {}", act.text()));
    let fd = pair.own.data;
    let run = || file::read(fd, &mut [0; 100]).map(|n| n as i64);
    let call = Call::start(act.own_alarm(ALARM_MS), false, run);
    act.done_to(&mut pair, &call);
    lines.say("returned", call.ended());
    if call.is_done() {
        lines.say("five more reads", reads(fd, 10, 5));
        lines.say("two writes", writes(fd, 1, 2));
    } else {
        let _ = pair.peer.map(|peer| file::write(peer.data, b"hello"));
        lines.say("then 5 bytes come", call.ended());
        settle();
    }
    lines.say("state", pair.own.state());
    if let Some(peer) = pair.peer {
        lines.say("the peer's state", peer.state());
    }
    call.stop();
    pair.end();
}
