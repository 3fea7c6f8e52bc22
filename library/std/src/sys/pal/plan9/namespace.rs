//! Calls on the name space (man 2/bind), for `std::os::plan9::namespace`.

use plan9_abi::sys::{file, process};

use super::{cvt, cvt_r};
use crate::ffi::CStr;
use crate::io;
use crate::path::Path;
use crate::sys::paths::cwd::with_name_or_device as with_name;

/// Makes `old` show what `new` is, with the flags of bind.
pub fn bind(new: &Path, old: &Path, flags: u32) -> io::Result<()> {
    with_name(new, |new| with_name(old, |old| cvt_r(|| file::bind(new, old, flags))))
}

/// Takes what was bound or mounted from `new` off `old`, or with `None` everything.
pub fn unmount(new: Option<&Path>, old: &Path) -> io::Result<()> {
    with_name(old, |old| match new {
        Some(new) => with_name(new, |new| cvt_r(|| file::unmount(Some(new), old))),
        None => cvt_r(|| file::unmount(None, old)),
    })
}

/// Mounts one of a server's trees on `old`, with the flags of mount. If it succeeds, the kernel has
/// closed `server`.
pub fn mount(
    server: i32,
    auth: Option<i32>,
    old: &Path,
    flags: u32,
    tree: &CStr,
) -> io::Result<()> {
    with_name(old, |old| cvt_r(|| file::mount(server, auth.unwrap_or(-1), old, flags, tree)))
}

/// Takes the calling proc out of groups, by flags of rfork that make no proc.
pub fn leave(flags: u32) -> io::Result<()> {
    // SAFETY: no new proc is asked for.
    cvt(unsafe { process::rfork(flags) }).map(drop)
}
