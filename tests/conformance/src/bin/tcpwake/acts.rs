//! What is done to a blocked call, or to the conversation that it blocks on.

use crate::pairs::Pair;
use conformance::watched::Call;
use plan9_abi::sys::file;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Act {
    CloseData,
    CloseAll,
    Hangup,
    Close,
    PeerCloses,
    PeerHangup,
    Interrupt,
    Note,
    Alarm,
    PeerSends,
    PeerReads,
}

impl Act {
    pub const ALL: [Act; 11] = [
        Act::CloseData,
        Act::CloseAll,
        Act::Hangup,
        Act::Close,
        Act::PeerCloses,
        Act::PeerHangup,
        Act::Interrupt,
        Act::Note,
        Act::Alarm,
        Act::PeerSends,
        Act::PeerReads,
    ];

    /// Those that need no peer, but for the close of `data` alone.
    pub const ALONE: [Act; 6] =
        [Act::CloseAll, Act::Hangup, Act::Close, Act::Interrupt, Act::Note, Act::Alarm];

    pub fn text(self) -> &'static str {
        match self {
            Act::CloseData => "another proc closes the fd",
            Act::CloseAll => "another proc closes data and ctl",
            Act::Hangup => "hangup on its ctl",
            Act::Close => "close on its ctl",
            Act::PeerCloses => "the peer closes",
            Act::PeerHangup => "hangup on the peer's ctl",
            Act::Interrupt => "interrupt on /proc/N/ctl",
            Act::Note => "a note",
            Act::Alarm => "its own alarm",
            Act::PeerSends => "the peer sends 5 bytes",
            Act::PeerReads => "the peer reads all",
        }
    }

    /// The alarm that the call itself sets, in milliseconds, 0 for none.
    pub fn own_alarm(self, ms: u32) -> u32 {
        if self == Act::Alarm { ms } else { 0 }
    }

    /// Does it; a descriptor that it closes is forgotten.
    pub fn done_to(self, pair: &mut Pair, call: &Call) {
        let Pair { own, peer } = pair;
        match self {
            Act::CloseData | Act::CloseAll => {
                if self == Act::CloseAll {
                    let _ = file::close(core::mem::replace(&mut own.ctl, -1));
                }
                let _ = file::close(core::mem::replace(&mut own.data, -1));
            }
            Act::Hangup => drop(own.tell("hangup")),
            Act::Close => drop(own.tell("close")),
            Act::PeerCloses => {
                if let Some(peer) = peer.take() {
                    peer.drop();
                }
            }
            Act::PeerHangup => drop(peer.map(|peer| peer.tell("hangup"))),
            Act::Interrupt => call.tell("ctl", "interrupt"),
            Act::Note => call.tell("note", "x"),
            Act::Alarm => {}
            Act::PeerSends => drop(peer.map(|peer| file::write(peer.data, b"hello"))),
            Act::PeerReads => pair.drain(),
        }
    }
}
