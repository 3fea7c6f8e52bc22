//! Calls that change names, where a note breaks them.
//!
//! A server that was told to forget a request has not acted on it, by the protocol (man 5/flush),
//! and then the call can be made again. But a server may act and still answer with `interrupted`,
//! for one a server that passes on what its own calls say. Then the second call finds the work of
//! the first: the name is taken, or gone. What that means depends on the call.

use plan9_abi::sys;

use crate::io;
use crate::io::ErrorKind;
use crate::sys::pal::{CLONES, cvt, is_failed_clone};

const UNKNOWN: io::Error = io::const_error!(
    ErrorKind::Interrupted,
    "a note broke the call, and it is not known whether the name is this call's",
);

/// Makes a call again as long as notes break it; `second` says what the failure of a later call
/// than the first one means.
pub fn again<T>(
    mut call: impl FnMut() -> sys::Result<T>,
    second: impl Fn(io::Error) -> io::Result<T>,
) -> io::Result<T> {
    let (mut broken, mut clones) = (false, 0);
    loop {
        match cvt(call()) {
            Err(why) if why.is_interrupted() => broken = true,
            Err(why) if clones < CLONES && is_failed_clone(&why) => clones += 1,
            Err(why) if broken => return second(why),
            result => return result,
        }
    }
}

/// A creation that fails where the name is taken. After a note, a name that is taken may be this
/// call's or another program's. Nobody can tell, and whoever creates a file to lock something out
/// must not be told that it succeeded; so it says `Interrupted`.
pub fn exclusive<T>(call: impl FnMut() -> sys::Result<T>) -> io::Result<T> {
    again(call, |why| Err(if why.kind() == ErrorKind::AlreadyExists { UNKNOWN } else { why }))
}

/// A removal. After a note, a name that is gone is what was asked for.
pub fn removal(call: impl FnMut() -> sys::Result<()>) -> io::Result<()> {
    again(call, |why| if why.kind() == ErrorKind::NotFound { Ok(()) } else { Err(why) })
}
