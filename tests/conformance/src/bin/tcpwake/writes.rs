//! Writes to a peer that does not read. An open window takes them all, so none of these blocks; each is made in a proc of
//! its own under a watchdog, for the case that one does.

use crate::acts::Act;
use crate::pairs::Pair;
use conformance::long;
use conformance::tcp::{Lines, Listener};
use conformance::watched::Call;
use core::sync::atomic::AtomicBool;
use core::sync::atomic::Ordering::SeqCst;
use plan9_abi::flags::rfork;
use plan9_abi::sys::{file, process};

/// What is written before the watched write: so many pieces, the first of which are each let through.
const PIECE: usize = 65_536;
const PIECES: usize = 30;
const LET_THROUGH: usize = 16;
/// When the act comes, and the alarm of the call itself, in milliseconds.
const SOON_MS: u32 = 600;
const LATE_MS: u32 = 5000;
/// The watchdog's patience, in tenths of a second.
const PATIENCE: usize = 150;

static DONE: AtomicBool = AtomicBool::new(false);

pub fn writes(listener: &Listener) {
    let unlikely = [Act::PeerCloses, Act::PeerReads, Act::CloseAll];
    for act in Act::ALL.into_iter().filter(|act| !unlikely.contains(act)) {
        watched(listener, act, SOON_MS, true);
    }
    watched(listener, Act::Note, LATE_MS, true);
    watched(listener, Act::PeerCloses, SOON_MS, true);
    watched(listener, Act::PeerReads, SOON_MS, true);
    watched(listener, Act::Note, SOON_MS, false);
}

fn watched(listener: &Listener, act: Act, ms: u32, gently: bool) {
    let how = if gently { "" } else { " (queue filled at once)" };
    let label = long!("write{how}, {} after {ms} ms", act.text());
    DONE.store(false, SeqCst);
    // SAFETY: the child runs on its own copy of this stack, and ends below.
    let pid = match unsafe { process::rfork(rfork::PROC | rfork::MEM | rfork::FDG | rfork::NOWAIT) }
    {
        Ok(0) => {
            write(listener, &Lines::new(label), act, ms, gently);
            DONE.store(true, SeqCst);
            process::exits(None)
        }
        pid => pid.unwrap_or(-1),
    };
    for _ in 0..PATIENCE {
        if !DONE.load(SeqCst) {
            let _ = process::sleep(100);
        }
    }
    if !DONE.load(SeqCst) {
        Lines::new(label).say("hangs", "did not return within 15 s");
        conformance::family::ctl(pid.into(), "ctl", b"kill");
    }
}

fn write(listener: &Listener, lines: &Lines, act: Act, ms: u32, gently: bool) {
    let mut pair = Pair::new(listener);
    let own = pair.own;
    for piece in 0..PIECES {
        let _ = file::write(own.data, &[0; PIECE]);
        for _ in 0..100 {
            if gently && piece < LET_THROUGH && own.level("qout") > 16 {
                let _ = process::sleep(20);
            }
        }
    }
    let run = || file::write(own.data, &[0; PIECE]).map(|n| n as i64);
    let call = Call::start(act.own_alarm(ms), false, run);
    if act != Act::Alarm {
        let _ = process::sleep(ms);
    }
    if gently {
        let peers = pair.peer.map_or(-1, |peer| peer.level("qin"));
        lines.say("blocked", long!("qout {}, the peer's qin {peers}", own.level("qout")));
    }
    act.done_to(&mut pair, &call);
    lines.say("returned", call.ended());
    if !call.is_done() {
        call.tell("note", "x");
        lines.say("then a note", call.ended());
    }
    if act == Act::PeerCloses {
        let _ = process::sleep(500);
    }
    lines.say("afterwards", long!("qout {}, {}", own.level("qout"), own.state()));
    if let Some(peer) = pair.peer {
        lines.say("the peer afterwards", peer.state());
    }
    pair.end();
}
