//! The search for the other end of a conversation inside this machine, by the files of all others.

use super::conv_path::ConvPath;
use super::end_key::{Key, Role, Wanted};
use crate::net::SocketAddr;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::Relaxed;

/// The number of the end that was found last; where to look first, and no more than that.
static LAST_FOUND: AtomicU32 = AtomicU32::new(NONE_FOUND);

const NONE_FOUND: u32 = u32::MAX;

/// Whether a conversation is that end, and has not closed. `None` if there is no conversation of
/// this number.
///
/// The caller's address is enough, if it is sure to be the caller's: the kernel gives a caller a
/// port that no other conversation has (`ip/devip.c:setlport`).
pub fn is_end(this: ConvPath, wanted: Wanted) -> Option<bool> {
    let (file, other_file) = match wanted.role {
        Role::Caller => ("local", "remote"),
        Role::Answerer => ("remote", "local"),
    };
    let Key { caller, port, .. } = wanted.key;
    if this.address(file).ok()? != caller {
        return Some(false);
    }
    let called = SocketAddr::new(caller.ip(), port);
    let fits = !wanted.guessed || this.address(other_file).is_ok_and(|other| other == called);
    Some(fits && this.status().is_ok_and(|status| status.established))
}

/// The conversation that is that end, whose other end is `this`. The one that was found last is
/// looked at first, for its number is free again as often as not; then those beside its own,
/// for numbers are mostly given out one behind the other. Those that are known as other ends,
/// by `is_known`, are left out.
pub fn find_end(
    this: ConvPath,
    wanted: Wanted,
    is_known: impl Fn(u32) -> bool,
) -> Option<ConvPath> {
    let other = |number| ConvPath { number, ..this };
    let last = LAST_FOUND.load(Relaxed);
    if last != NONE_FOUND
        && last != this.number
        && !is_known(last)
        && is_end(other(last), wanted) == Some(true)
    {
        return Some(other(last));
    }
    // Conversations are never taken away, so the first number that is missing is the last.
    let mut more = true;
    for distance in 1.. {
        let above = this.number.checked_add(distance).filter(|_| more);
        let below = this.number.checked_sub(distance);
        for number in [above, below].into_iter().flatten() {
            if number == last || is_known(number) {
                continue;
            }
            match is_end(other(number), wanted) {
                Some(true) => {
                    LAST_FOUND.store(number, Relaxed);
                    return Some(other(number));
                }
                Some(false) => {}
                None if Some(number) == above => more = false,
                None => {}
            }
        }
        if !more && distance >= this.number {
            break;
        }
    }
    None
}
