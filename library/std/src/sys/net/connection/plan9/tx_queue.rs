//! Whether a full stream has room again, by its files: the part of the write rule that asks the
//! kernel.
//!
//! A conversation with another machine shows its transmit queue in `status`. One inside the machine
//! has none: what was written is in the peer's read queue, whose length the writer can read. Each
//! empty write that times out leaves a block there. So once the account says that there are many,
//! no more are made until the peer has read on. Otherwise a peer that never reads could be made to
//! hold any number of them.

use super::conversation::Conversation;
use super::local_ends::End;
use crate::io;

/// How far a peer must have read on, in bytes; twice that is what the empty writes in between may
/// take.
const STEP: u64 = 32 << 10;

/// What is known of the peer's queue since the stream was full.
#[derive(Default)]
pub struct TxQueue {
    /// Bytes that it had not read when it was asked last.
    unread: Option<u64>,
}

impl TxQueue {
    /// Whether an empty write may be made again.
    pub fn has_drained(&mut self, conversation: &Conversation) -> io::Result<bool> {
        if conversation.status()?.qout > 0 {
            return Ok(false);
        }
        // A peer that has gone wants nothing, and the write will tell.
        let peer = conversation.end.as_ref().and_then(End::other);
        let Some(unread) = peer.and_then(|peer| Some(peer.status().ok()?.qin)) else {
            return Ok(true);
        };
        Ok(self.has_read_on(unread))
    }

    fn has_read_on(&mut self, unread: u64) -> bool {
        let read_on = self.unread.is_none_or(|before| unread == 0 || unread + STEP <= before);
        if read_on {
            self.unread = Some(unread);
        }
        read_on
    }

    /// The stream is not full any more.
    pub fn has_room(&mut self) {
        self.unread = None;
    }
}
