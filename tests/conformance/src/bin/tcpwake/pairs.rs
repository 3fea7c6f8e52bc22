//! A conversation and its peer, of which one or the other may be gone.

use conformance::conversation::Conversation;
use conformance::tcp::Listener;
use plan9_abi::sys::file;

/// A conversation, and its other end where there is one that has not been closed.
pub struct Pair {
    pub own: Conversation,
    pub peer: Option<Conversation>,
}

impl Pair {
    pub fn new(listener: &Listener) -> Pair {
        let (own, peer) = listener.pair();
        Pair { own, peer: Some(peer) }
    }

    /// One without a peer.
    pub fn alone(own: Conversation) -> Pair {
        Pair { own, peer: None }
    }

    /// Ends both; the hangups empty the queues, so that no close has to.
    pub fn end(self) {
        for end in [Some(self.own), self.peer].into_iter().flatten() {
            end.tell("hangup");
            end.drop();
        }
    }

    /// Reads all that is on its way to the peer.
    pub fn drain(&self) {
        let mut buffer = [0; 65_536];
        let Some(peer) = self.peer else { return };
        let mut left = peer.level("qin") + self.own.level("qout");
        while left > 0 {
            match file::read(peer.data, &mut buffer) {
                Ok(n @ 1..) => left -= n as i64,
                _ => return,
            }
        }
    }
}
