//! Ends of conversations inside the machine that are closed, and whose numbers must not be others' yet.
//!
//! Where the kernel splices (`ip/tcp.c:tcpsplice`), an end keeps a pointer to the other's conversation even when that has
//! closed, and its own close hangs up whoever has the number by then: the lowest that is free is the next call's. So the
//! end that closes first keeps its number, by its open `ctl`, until the other has closed as well. If that is this
//! program's too, its close says so; others are looked after each time that twice as many are kept.

use super::conversation::Conversation;
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
    other: Place,
    local: SocketAddr,
    remote: SocketAddr,
}

struct Kept {
    ends: Vec<End>,
    /// The other ends are looked after when so many are kept.
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
    let faced = kept.ends.iter().position(|other| {
        (other.other.network, other.remote, other.local) == (place.network, local, remote)
    });
    let faced = faced.map(|faced| kept.ends.swap_remove(faced));
    // One that the kernel did not splice may have been closed by its own close too, as the second: the other is closed.
    let needed = faced.is_none() && how != How::Ended;
    let other = if needed { place.other_end(local, remote) } else { None };
    let own = match other.filter(|&other| is_open(other)) {
        Some(other) => {
            kept.ends.push(End { _ctl: ctl, other, local, remote });
            None
        }
        None => Some(ctl),
    };
    let gone = kept.look();
    // Closing them takes time.
    drop(kept);
    drop((faced, own, gone));
}

/// An end that has not closed, and so has its pointer.
fn is_open(place: Place) -> bool {
    place.status().is_ok_and(|status| status.established)
}

impl Kept {
    /// Looks after the other ends if it is time to; gives what is not kept any more.
    fn look(&mut self) -> Vec<End> {
        if self.ends.len() > MOST {
            return vec![self.ends.remove(0)];
        }
        if self.ends.len() < self.look_at {
            return Vec::new();
        }
        let is_needed =
            |end: &End| end.other.faces(end.local, end.remote) == Some(true) && is_open(end.other);
        let (stay, gone) = mem::take(&mut self.ends).into_iter().partition(is_needed);
        self.ends = stay;
        self.look_at = FIRST_LOOK.max(2 * self.ends.len());
        gone
    }
}
