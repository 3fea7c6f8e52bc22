//! Workaround: a caller that writes too early can stop all TCP of the machine.
//!
//! The kernel splices a conversation inside the machine when the accepting side gets the
//! handshake's last ACK (`ip/tcp.c:tcpincoming`). The caller's `connect` returns before that. If
//! the caller's first write is in its queue by then, `tcpsplice` moves it, kicks `tcpacktimer` of
//! the new conversation, and waits for a lock that the same kernel process holds, together with the
//! protocol's lock. From then on every TCP call of the machine hangs.
//!
//! No file of the caller's own shows that the splice is done. But `tcpincoming` makes the accepting
//! conversation under the protocol's lock and gives that up only after the splice, and the open of
//! `data` takes that lock (`ip/devip.c:ipopen`). So a caller looks until the conversation at the
//! other end exists, and then opens `data`. The accepting side needs no such look: `listen` gives
//! it only the `ctl` of its conversation, and its own open of `data` waits for the same lock.
//!
//! If no other end is found, there are three cases. The call was refused, which `status` says. Or
//! the other end has come and gone, and its number is another's, which a read shows. Or its ACK was
//! lost, and the kernel's next SYN-ACK brings another one; after that the kernel has forgotten the
//! call.
//!
//! Kernels: 9front since 2025-10-19. This can go when `tcpsplice` moves nothing, or not under that
//! lock, and the kernels before that are not used any more. Programs in other languages can still
//! stop the machine: see `src/doc/platform-support/plan9.md`.

use plan9_abi::sys::process;

use super::conv_path::ConvPath;
use super::conversation::Conversation;
use super::end_key::{Key, Role, Wanted};
use super::half::AtOnce;
use super::{local_ends, timed_io};
use crate::io;
use crate::mem::MaybeUninit;
use crate::sys::pal::deadline::bound::{Deadline, Wait};
use crate::sys::time::clock;

/// How long the kernel repeats a SYN-ACK whose answer is missing, and a little more, in
/// nanoseconds: 2.5 s, and the call is forgotten after 3.75 s (`ip/tcp.c:limborexmit`).
const PATIENCE: u64 = 4_000_000_000;

/// So many looks are made one after the other. The ACK is one packet behind, in the kernel's own
/// queue.
const QUICK_LOOKS: u32 = 8;

/// The longest pause between looks, in milliseconds.
const LONGEST_PAUSE_MS: u32 = 16;

/// What was found.
#[derive(Default)]
pub struct Answerer {
    pub place: Option<ConvPath>,
    /// A byte that had to be read to see that the other end had been there; `Some(None)` is the
    /// stream's end.
    pub read: Option<Option<u8>>,
}

/// Waits until the other end of a call to this machine is there. `TimedOut` if it is not before the
/// deadline.
pub fn await_answerer(
    conversation: &mut Conversation,
    key: Key,
    deadline: Option<Deadline>,
) -> io::Result<Answerer> {
    let own = conversation.place;
    let wanted = Wanted { key, role: Role::Answerer, guessed: false };
    let mut patience = None;
    let mut pause_ms = 1;
    for looks in 0_u32.. {
        let known = local_ends::number(key, Role::Answerer);
        let known = known.map(|number| ConvPath { number, ..own });
        if let Some(place) = known.or_else(|| local_ends::find_other(own, wanted)) {
            return Ok(Answerer { place: Some(place), read: None });
        }
        if conversation.status()?.closed {
            return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
        }
        let wait = deadline.map_or(Wait::Forever, Wait::Until);
        timed_io::over(wait).map_or(Ok(()), Err)?;
        if looks < QUICK_LOOKS {
            let _ = process::sleep(0);
            continue;
        }
        if let Some(read) = try_read(conversation)? {
            return Ok(Answerer { place: None, read: Some(read) });
        }
        let end = *patience.get_or_insert_with(|| clock::now() + PATIENCE);
        if clock::now() >= end {
            break;
        }
        let _ = process::sleep(pause_ms.min(timed_io::left_ms(wait)));
        pause_ms = (2 * pause_ms).min(LONGEST_PAUSE_MS);
    }
    Ok(Answerer::default())
}

/// A byte, or the end, that only another end can have sent.
fn try_read(conversation: &mut Conversation) -> io::Result<Option<Option<u8>>> {
    if conversation.data.is_none() {
        conversation.open_data()?;
    }
    let mut byte = [MaybeUninit::new(0_u8)];
    match timed_io::read(conversation.data(), &mut byte, &AtOnce) {
        Ok(0) => Ok(Some(None)),
        // SAFETY: it was initialised from the start.
        Ok(_) => Ok(Some(Some(unsafe { byte[0].assume_init() }))),
        Err(why) if why.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(why) => Err(why),
    }
}
