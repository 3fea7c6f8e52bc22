//! Notes, as their receiver meets them (man 2/notify).

use super::{Result, call};
use crate::sysno;

/// Sets the proc's note handler; procs forked later inherit it.
///
/// # Safety
///
/// The handler is entered by the kernel's convention ([`crate::ureg::frame`]), at any instruction,
/// and must end in [`noted`] or `exits`.
pub unsafe fn notify(handler: *const ()) -> Result<()> {
    // SAFETY: the caller's.
    unsafe { call(sysno::NOTIFY, [handler as usize, 0, 0, 0, 0]) }.map(drop)
}

/// Ends the handler ([`crate::flags::noted`]); returns only where none was running.
///
/// # Safety
///
/// With `CONT`, what the Ureg says is resumed, and OF and DF are this call's own flags.
pub unsafe fn noted(how: u32) -> Result<()> {
    // SAFETY: the caller's.
    unsafe { call(sysno::NOTED, [how as usize, 0, 0, 0, 0]) }.map(drop)
}
