//! The arguments of exec. They lie on the initial stack, at the same address in every proc, and are
//! never changed.

pub use super::common::Args;
use crate::ffi::{CStr, OsString};
use crate::ptr;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::atomic::{AtomicIsize, AtomicPtr};
use crate::sys::pal::{os_string, shared_static};

shared_static! {
    static ARGC: AtomicIsize = AtomicIsize::new(0);
    "__rust_plan9_argc"
}

shared_static! {
    static ARGV: AtomicPtr<*const u8> = AtomicPtr::new(ptr::null_mut());
    "__rust_plan9_argv"
}

/// Remembers what `main` was given.
pub fn init(argc: isize, argv: *const *const u8) {
    ARGC.store(argc, Relaxed);
    ARGV.store(argv.cast_mut(), Release);
}

pub fn args() -> Args {
    let argv = ARGV.load(Acquire);
    let argc = if argv.is_null() { 0 } else { ARGC.load(Relaxed) };
    let arg = |at: isize| {
        // SAFETY: the kernel made `argc` pointers to strings that end in a NUL.
        let text = unsafe { CStr::from_ptr((*argv.offset(at)).cast()) };
        os_string(text.to_bytes().to_vec())
    };
    Args::new((0..argc).map(arg).collect::<Vec<OsString>>())
}
