//! Workaround: the close of a spliced conversation hangs up another one that has got the number of
//! the first one's other end.
//!
//! Where the kernel splices (`ip/tcp.c:tcpsplice`), each end keeps a pointer to the other's
//! conversation. It keeps it after that has been closed, and its own close hangs up whatever
//! conversation has the number by then (`tcpclose`). The next call gets the lowest free number, so
//! this happens soon. So the end that closes first keeps its number in use, by its open `ctl`,
//! until the other end has closed as well. If the other end is this program's too, its close says
//! so ([`local_ends`]). Other ends are looked at each time that twice as many are kept. An end
//! whose other end has gone writes `hangup`, which makes the kernel forget the pointer.
//!
//! Kernels: 9front since 2025-10-19. This can go when `tcpclose` checks that the other end still
//! points back, and the kernels before that are not used any more. Conversations with other
//! machines are closed by a plain close.

use plan9_abi::sys::file;

use super::conv_path::ConvPath;
use super::conversation::Conversation;
use super::end_key::{Key, Role, Wanted};
use super::find_end::is_end;
use super::local_ends;
use super::local_ends::{End, Other};
use super::network::Network;
use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sys::fd::FileDesc;
use crate::sys::pal::errstr::retry;

/// How many are kept before the first look, and how many at most: then the one that has waited
/// longest is let go.
const FIRST_LOOK: usize = 16;
const MOST: usize = 128;

/// The kept ends are looked after when so many are kept in a network. One number for all networks:
/// it says when a look is worth its cost, and nothing depends on it.
static LOOK_AT: AtomicUsize = AtomicUsize::new(FIRST_LOOK);

/// How the conversation stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The other end may be there.
    Open,
    /// The same, and what was not sent is to be dropped.
    Reset,
    /// The other end has closed first; whether the kernel had spliced the two.
    Ended { spliced: bool },
}

fn command(ctl: &FileDesc, text: &[u8]) -> bool {
    retry(|| file::write(ctl.raw(), text)).is_ok()
}

/// Closes a conversation of TCP's, and lets go of its number as soon as that may be. Of one that is
/// `lent`, whose descriptor others may have, no more than this program's part.
pub fn close(conversation: &mut Conversation, how: How, lent: bool) {
    drop(conversation.data.take());
    let Some(ctl) = conversation.ctl.take() else { return };
    let Some(end) = conversation.end.take() else {
        // With another machine.
        if how == How::Reset {
            command(&ctl, b"hangup");
        }
        return;
    };
    if lent {
        if matches!(how, How::Reset | How::Ended { spliced: true }) {
            command(&ctl, b"hangup");
        }
        return end.leave();
    }
    match end.begin_close() {
        Other::Closed(held) => {
            // The other's number is held until this end is closed.
            drop(ctl);
            drop(held);
        }
        Other::Open => close_first(ctl, end, how),
        Other::Elsewhere => {
            if !matches!(how, How::Ended { spliced: true }) && end.other_is_open() {
                let network = end.key().network;
                close_first(ctl, end, how);
                return look_after(network);
            }
            // The other end has gone. What the kernel spliced is Established until its own close,
            // and queues nothing.
            let spliced = match how {
                How::Ended { spliced } => spliced,
                How::Reset => true,
                How::Open => conversation.status().is_ok_and(|now| now.may_be_spliced()),
            };
            if spliced {
                command(&ctl, b"hangup");
            }
            drop(ctl);
            end.leave();
        }
    }
}

/// Closes an end whose other end is open. `hangup` alone would leave a spliced other end waiting
/// for ever.
fn close_first(ctl: FileDesc, end: End, how: How) {
    if !command(&ctl, b"close") {
        return end.leave();
    }
    if how == How::Reset {
        command(&ctl, b"hangup");
    }
    drop(end.keep(ctl));
}

/// A call that is not waited for any more. It may stand by now, with a peer that knows of it.
pub fn give_up(conversation: &mut Conversation) {
    drop(conversation.data.take());
    let Some(ctl) = conversation.ctl.take() else { return };
    // From here on it is not spliced any more; if it was before, its other end is there.
    if !command(&ctl, b"close") {
        return;
    }
    let place = conversation.place;
    let (Ok(local), Ok(remote)) = (place.address("local"), place.address("remote")) else { return };
    if local.ip() != remote.ip() {
        return;
    }
    let key = Key { network: place.network, caller: local, port: remote.port() };
    let wanted = |role| Wanted { key, role, guessed: false };
    let Some(other) = local_ends::find_other(place, wanted(Role::Answerer)) else { return };
    let Some(end) = End::enter(wanted(Role::Caller), place.number) else { return };
    if end.other_is_elsewhere() {
        end.found_other(other.number);
    }
    match end.begin_close() {
        Other::Closed(held) => drop((ctl, held)),
        Other::Open | Other::Elsewhere => drop(end.keep(ctl)),
    }
    look_after(place.network);
}

/// Looks after the ends elsewhere that numbers are kept for, if it is time to. Only those of this
/// network: another may be dead.
fn look_after(network: Network) {
    let waiting = local_ends::waiting(network);
    if waiting.len() > MOST {
        drop(local_ends::release(&[waiting[0].0.key]));
        return;
    }
    if waiting.len() < LOOK_AT.load(Relaxed) {
        return;
    }
    let has_gone = |&&(wanted, other): &&(Wanted, Option<ConvPath>)| {
        other.is_none_or(|other| is_end(other, wanted) == Some(false))
    };
    let gone: Vec<Key> = waiting.iter().filter(has_gone).map(|(wanted, _)| wanted.key).collect();
    LOOK_AT.store(FIRST_LOOK.max(2 * (waiting.len() - gone.len())), Relaxed);
    drop(local_ends::release(&gone));
}
