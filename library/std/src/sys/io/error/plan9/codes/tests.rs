use plan9_abi::errors::{self, Kind};
use plan9_abi::layout::ERRMAX;
use plan9_abi::sys::error;

use super::TABLE;
use crate::sys::pal::errstr::{last_error_is, last_error_is_kind, retry};
use crate::sys::thread::watchdog;

/// A reason that the table does not know, as a file server may give it.
fn set_odd() {
    let text = b"nobody has ever said this";
    let mut kept = [0; ERRMAX];
    kept[..text.len()].copy_from_slice(text);
    error::swap(&mut kept);
}

// The path of a trap asks for reasons, and whoever trapped may hold the table's lock.
#[test]
fn reasons_are_asked_for_without_the_lock() {
    TABLE.lock.lock();
    set_odd();
    let mut answers = [last_error_is(errors::INTERRUPTED), last_error_is_kind(Kind::NotFound)];
    answers[0] |= retry(|| Err::<(), _>(plan9_abi::sys::Failed)).is_ok();
    let is_gone = watchdog::is_gone(u32::MAX);
    // SAFETY: locked above.
    unsafe { TABLE.lock.unlock() };
    assert_eq!(answers, [false, false]);
    assert!(is_gone);
}
