//! Ends of conversations inside the machine that are closed, and whose numbers must not be others' yet.
//!
//! Where the kernel splices (`ip/tcp.c:tcpsplice`), an end keeps a pointer to the other's conversation even when that has
//! closed, and its own close hangs up whoever has the number by then: the lowest that is free is the next call's. So the
//! end that closes first keeps its number, by its open `ctl`, until the other has closed as well. If that is this
//! program's too, its close says so; for others the network is looked through, each time that twice as many are kept.

use super::conversation::Conversation;
use super::network::Network;
use super::place::{Place, Status};
use crate::mem;
use crate::net::SocketAddr;
use crate::sync::{Mutex, PoisonError};
use crate::sys::fd::FileDesc;
use crate::sys::pal::errstr::unbroken;
use plan9_abi::sys::file;

/// How many are kept before the first look, and how many at most: then the one that has waited longest is let go.
const FIRST_LOOK: usize = 16;
const MOST: usize = 128;

/// How the conversation stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The other end may be there.
    Open,
    /// The same, and what was not sent is to be dropped.
    Reset,
    /// The other end has closed first.
    Ended,
}

impl How {
    /// The command that closes it. `hangup` forgets the pointer and tells a spliced peer nothing.
    fn command(self) -> &'static [u8] {
        match self {
            How::Reset | How::Ended => b"hangup",
            How::Open => b"close",
        }
    }
}

/// A closed end that keeps its number.
struct End {
    /// Holds the number.
    _ctl: FileDesc,
    network: Network,
    local: SocketAddr,
    remote: SocketAddr,
}

struct Kept {
    ends: Vec<End>,
    /// The network is looked through when so many are kept.
    look_at: usize,
}

static KEPT: Mutex<Kept> = Mutex::new(Kept { ends: Vec::new(), look_at: FIRST_LOOK });

/// Closes a conversation of TCP's, and lets go of its number as soon as that may be. Of one that is `lent`, whose
/// descriptor others may have, no more than this program's part.
pub fn close(conversation: &mut Conversation, how: How, lent: bool) {
    // Its own close is what ends the conversation, while `ctl` holds the number.
    drop(conversation.data.take());
    let place = conversation.place;
    let Some(ctl) = conversation.ctl.take() else { return };
    if lent && how == How::Open {
        return;
    }
    // What is spliced is Established until its own close, and Closed by it; all others are in other states before or after.
    let established = |now: Status| now.established && !now.close_wait;
    if how != How::Reset && !place.status().is_ok_and(established) {
        return;
    }
    // Until this end is in the list: the other, which may close as soon as it hears of it, must find it there.
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let closes = unbroken(|| file::write(ctl.raw(), how.command())).is_ok();
    if !closes || lent || how == How::Ended && kept.ends.is_empty() {
        return;
    }
    let closed = place.status().is_ok_and(|now| now.closed);
    let (true, Ok(local), Ok(remote)) = (closed, place.address("local"), place.address("remote"))
    else {
        return;
    };
    let own = End { _ctl: ctl, network: place.network, local, remote };
    let other = kept.ends.iter().position(|other| own.is_other_end(other));
    let (other, own) = match other {
        Some(other) => (Some(kept.ends.swap_remove(other)), Some(own)),
        None if how == How::Ended || !own.is_needed(place) => (None, Some(own)),
        None => {
            kept.ends.push(own);
            (None, None)
        }
    };
    let gone = kept.look(place);
    // Closing them takes time.
    drop(kept);
    drop((other, own, gone));
}

impl End {
    fn is_other_end(&self, other: &End) -> bool {
        (self.network, self.local, self.remote) == (other.network, other.remote, other.local)
    }

    /// The other end is there and has not closed, so it has its pointer. One that the kernel did not splice may have been
    /// closed by its own close too, as the second; then the other has been closed.
    fn is_needed(&self, place: Place) -> bool {
        self.network.has(self.remote.ip()) && self.other_end(place)
    }

    /// Looks for the other end, at the numbers beside our own first: both were given out one behind the other.
    fn other_end(&self, own: Place) -> bool {
        let is_other = |number: u32| {
            let place = Place { number, ..own };
            let theirs = place.address("local").ok()?;
            let fits = theirs == self.remote
                && place.address("remote").is_ok_and(|theirs| theirs == self.local)
                && place.status().is_ok_and(|status| status.established);
            Some(fits)
        };
        // Conversations are never taken away, so the first number that is missing is the last.
        let mut more = true;
        for distance in 1.. {
            let above = own.number.checked_add(distance).filter(|_| more).and_then(is_other);
            let below = own.number.checked_sub(distance).and_then(is_other);
            if above == Some(true) || below == Some(true) {
                return true;
            }
            more = above.is_some();
            if !more && distance >= own.number {
                return false;
            }
        }
        false
    }
}

impl Kept {
    /// Looks through the network if it is time to; gives the ends that are not kept any more.
    fn look(&mut self, place: Place) -> Vec<End> {
        if self.ends.len() > MOST {
            return vec![self.ends.remove(0)];
        }
        if self.ends.len() < self.look_at {
            return Vec::new();
        }
        let ends: Vec<&End> = self.ends.iter().filter(|end| end.network == place.network).collect();
        let needed = others(place, &ends);
        let is_needed =
            |end: &End| end.network != place.network || needed.contains(&(end.local, end.remote));
        let (stay, gone) = mem::take(&mut self.ends).into_iter().partition(is_needed);
        self.ends = stay;
        self.look_at = FIRST_LOOK.max(2 * self.ends.len());
        gone
    }
}

/// Those of the ends whose other end is there and has not closed, by their addresses.
fn others(place: Place, ends: &[&End]) -> Vec<(SocketAddr, SocketAddr)> {
    let mut found = Vec::new();
    // Conversations are never taken away, so the first number that is missing is the last.
    for number in 0.. {
        let place = Place { number, ..place };
        let Ok(theirs) = place.address("local") else { break };
        let mut candidates = ends.iter().filter(|end| end.remote == theirs).peekable();
        if candidates.peek().is_some()
            && let Ok(remote) = place.address("remote")
            && let Some(end) = candidates.find(|end| end.local == remote)
            && place.status().is_ok_and(|status| status.established)
        {
            found.push((end.local, end.remote));
        }
    }
    found
}
