//! Files and name space (man 2/open, 2/read, 2/stat, 2/dup, 2/pipe, 2/bind).

use core::ffi::CStr;
use core::mem::MaybeUninit;

use super::{Result, call, int, place, place_mut, word};
use crate::sysno;

/// The offset that stands for the channel's own.
pub const CURRENT: i64 = -1;

/// Opens a file; modes are those of [`crate::flags::open`].
pub fn open(name: &CStr, mode: u32) -> Result<i32> {
    // SAFETY: the name ends in a NUL.
    unsafe { call(sysno::OPEN, [name.as_ptr() as usize, mode as usize, 0, 0, 0]) }.map(word)
}

/// Creates a file, or truncates one that exists unless the mode says otherwise.
pub fn create(name: &CStr, mode: u32, permissions: u32) -> Result<i32> {
    let args = [name.as_ptr() as usize, mode as usize, permissions as usize, 0, 0];
    // SAFETY: the name ends in a NUL.
    unsafe { call(sysno::CREATE, args) }.map(word)
}

/// Closes a descriptor, for every proc of the same table.
pub fn close(fd: i32) -> Result<()> {
    // SAFETY: no address is passed.
    unsafe { call(sysno::CLOSE, [int(fd), 0, 0, 0, 0]) }.map(drop)
}

/// Reads at `offset`, or at the channel's own ([`CURRENT`]).
pub fn pread(fd: i32, buf: &mut [u8], offset: i64) -> Result<usize> {
    let (at, len) = place_mut(buf);
    // SAFETY: the kernel writes at most `len` bytes, into the caller's buffer.
    unsafe { call(sysno::PREAD, [int(fd), at, len, offset as usize, 0]) }
}

/// Reads at the channel's offset.
pub fn read(fd: i32, buf: &mut [u8]) -> Result<usize> {
    pread(fd, buf, CURRENT)
}

/// Reads at the channel's offset into memory that need not be initialised: as many bytes as are
/// returned then are.
pub fn read_uninit(fd: i32, buf: &mut [MaybeUninit<u8>]) -> Result<usize> {
    let (at, len) = place_mut(buf);
    // SAFETY: the kernel writes at most `len` bytes, into the caller's buffer.
    unsafe { call(sysno::PREAD, [int(fd), at, len, CURRENT as usize, 0]) }
}

/// Writes at `offset`, or at the channel's own ([`CURRENT`]).
pub fn pwrite(fd: i32, bytes: &[u8], offset: i64) -> Result<usize> {
    let (at, len) = place(bytes);
    // SAFETY: the kernel reads `len` bytes of the caller's.
    unsafe { call(sysno::PWRITE, [int(fd), at, len, offset as usize, 0]) }
}

/// Writes at the channel's offset.
pub fn write(fd: i32, bytes: &[u8]) -> Result<usize> {
    pwrite(fd, bytes, CURRENT)
}

/// The two ends of a pipe; each can be read and written.
pub fn pipe() -> Result<(i32, i32)> {
    let mut fds = [0i32; 2];
    // SAFETY: the kernel writes two descriptors.
    unsafe { call(sysno::PIPE, [fds.as_mut_ptr() as usize, 0, 0, 0, 0]) }?;
    Ok((fds[0], fds[1]))
}

/// Makes `new` (or the lowest free descriptor, for -1) another name of `old`.
pub fn dup(old: i32, new: i32) -> Result<i32> {
    // SAFETY: no address is passed.
    unsafe { call(sysno::DUP, [int(old), int(new), 0, 0, 0]) }.map(word)
}

/// Moves the channel's offset; `whence` is 0 from the start, 1 from here, 2 from the end.
pub fn seek(fd: i32, offset: i64, whence: u32) -> Result<u64> {
    let mut at = 0u64;
    let args = [&raw mut at as usize, int(fd), offset as usize, whence as usize, 0];
    // SAFETY: the kernel writes the new offset into `at`.
    unsafe { call(sysno::SEEK, args) }?;
    Ok(at)
}

/// The name that a descriptor was opened by, with its NUL; a longer one is cut.
pub fn fd2path(fd: i32, buf: &mut [u8]) -> Result<()> {
    let (at, len) = place_mut(buf);
    // SAFETY: the kernel writes at most `len` bytes.
    unsafe { call(sysno::FD2PATH, [int(fd), at, len, 0, 0]) }.map(drop)
}

/// Removes a file or an empty directory.
pub fn remove(name: &CStr) -> Result<()> {
    // SAFETY: the name ends in a NUL.
    unsafe { call(sysno::REMOVE, [name.as_ptr() as usize, 0, 0, 0, 0]) }.map(drop)
}

/// Changes this proc's working directory; no other proc's.
pub fn chdir(name: &CStr) -> Result<()> {
    // SAFETY: the name ends in a NUL.
    unsafe { call(sysno::CHDIR, [name.as_ptr() as usize, 0, 0, 0, 0]) }.map(drop)
}

/// The directory record of a name ([`crate::dir`]); its length in bytes.
pub fn stat(name: &CStr, buf: &mut [u8]) -> Result<usize> {
    let (at, len) = place_mut(buf);
    // SAFETY: the name ends in a NUL, and the kernel writes at most `len` bytes.
    unsafe { call(sysno::STAT, [name.as_ptr() as usize, at, len, 0, 0]) }
}

/// The directory record of a descriptor.
pub fn fstat(fd: i32, buf: &mut [u8]) -> Result<usize> {
    let (at, len) = place_mut(buf);
    // SAFETY: the kernel writes at most `len` bytes.
    unsafe { call(sysno::FSTAT, [int(fd), at, len, 0, 0]) }
}

/// Changes what a record does not leave alone.
pub fn wstat(name: &CStr, record: &[u8]) -> Result<()> {
    let (at, len) = place(record);
    // SAFETY: the name ends in a NUL, and the kernel reads `len` bytes.
    unsafe { call(sysno::WSTAT, [name.as_ptr() as usize, at, len, 0, 0]) }.map(drop)
}

/// The same for a descriptor.
pub fn fwstat(fd: i32, record: &[u8]) -> Result<()> {
    let (at, len) = place(record);
    // SAFETY: the kernel reads `len` bytes.
    unsafe { call(sysno::FWSTAT, [int(fd), at, len, 0, 0]) }.map(drop)
}

/// Makes `old` show `new` ([`crate::flags::bind`]).
pub fn bind(new: &CStr, old: &CStr, flags: u32) -> Result<()> {
    let args = [new.as_ptr() as usize, old.as_ptr() as usize, flags as usize, 0, 0];
    // SAFETY: both names end in a NUL.
    unsafe { call(sysno::BIND, args) }.map(drop)
}

/// Makes `old` show what the 9P server behind `fd` serves as `tree` ([`crate::flags::bind`]), with
/// the descriptor of an authentication or -1. Closes `fd` if that succeeds.
pub fn mount(fd: i32, auth: i32, old: &CStr, flags: u32, tree: &CStr) -> Result<()> {
    let (old, tree) = (old.as_ptr() as usize, tree.as_ptr() as usize);
    // SAFETY: both names end in a NUL.
    unsafe { call(sysno::MOUNT, [int(fd), int(auth), old, flags as usize, tree]) }.map(drop)
}

/// Takes `name`, or with `None` everything, off the mount point `old`.
pub fn unmount(name: Option<&CStr>, old: &CStr) -> Result<()> {
    let name = name.map_or(0, |name| name.as_ptr() as usize);
    // SAFETY: null or a name, and a name; both end in a NUL.
    unsafe { call(sysno::UNMOUNT, [name, old.as_ptr() as usize, 0, 0, 0]) }.map(drop)
}
