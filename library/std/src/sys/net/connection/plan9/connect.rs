//! Connects a conversation to an address, within a deadline.
//!
//! A note that breaks the wait for the answer does not break the call: the kernel goes on with it,
//! and its outcome is read from `status`. A call to this machine waits for its other end as well
//! ([`splice_race`]).

use plan9_abi::addr::Text as AddressText;
use plan9_abi::sys::process;

use super::conversation::Conversation;
use super::end_key::{Key, Role, Wanted};
use super::local_ends::End;
use super::{splice_race, timed_io};
use crate::io;
use crate::net::SocketAddr;
use crate::sys::pal::deadline::bound::{Bound, Deadline};
use crate::sys::pal::small_cstr::SmallCStr;

/// The longest pause between looks at a call that a note broke, in milliseconds.
const LONGEST_PAUSE_MS: u32 = 32;

/// What became of a call.
pub enum Connected {
    /// It stands. A byte had to be read to see that; `Some(None)` is the stream's end.
    Stands(Option<Option<u8>>),
    /// It failed after a note had broken it, and nobody can say why.
    Lost,
}

/// Calls an address; `TimedOut` if there is no answer before the deadline. One that failed is
/// to be given up.
pub fn connect(
    conversation: &mut Conversation,
    to: &SocketAddr,
    deadline: Option<Deadline>,
) -> io::Result<Connected> {
    let command = SmallCStr::new(format_args!("connect {}", AddressText(*to)));
    if !timed_io::command(conversation.ctl().raw(), command.as_bytes(), &deadline)?
        && !await_answer(conversation, deadline)?
    {
        return Ok(Connected::Lost);
    }
    // The kernel gives a call to this machine the address that it calls as its own.
    let local = conversation.address("local")?;
    let mut read = None;
    if local.ip() == to.ip().to_canonical() {
        let network = conversation.place.network;
        let key = Key { network, caller: local, port: to.port() };
        let answerer = splice_race::await_answerer(conversation, key, deadline)?;
        read = answerer.read;
        let wanted = Wanted { key, role: Role::Caller, guessed: false };
        conversation.end = End::enter(wanted, conversation.place.number);
        if let (Some(end), Some(place)) = (&conversation.end, answerer.place) {
            end.found_other(place.number);
        }
    }
    if conversation.data.is_none() {
        conversation.open_data()?;
    }
    Ok(Connected::Stands(read))
}

/// Waits for the answer to a call that was broken and goes on without us: false if it failed.
fn await_answer(conversation: &Conversation, deadline: Option<Deadline>) -> io::Result<bool> {
    let mut pause_ms = 1;
    loop {
        let status = conversation.status()?;
        if status.established || status.closed {
            return Ok(status.established);
        }
        let wait = deadline.wait().0;
        timed_io::over(wait).map_or(Ok(()), Err)?;
        let _ = process::sleep(pause_ms.min(timed_io::left_ms(wait)));
        pause_ms = (2 * pause_ms).min(LONGEST_PAUSE_MS);
    }
}
