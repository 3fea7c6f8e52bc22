//! From the kernel's entry to `main`.
//!
//! The first code is [`arch`](super::arch)'s. It calls [`prepare`] on the kernel's stack, which no
//! other thread can see, and then [`run`] on main's own, which all can. The private words are
//! placed before any note handler can look for them.

use super::{exit, notes};
use crate::ptr;
use crate::sync::atomic::Ordering::{Relaxed, SeqCst};
use crate::sys::thread::control::MAIN;
use crate::sys::thread::per_proc::PrivateWords;
use crate::sys::thread::{per_proc, stacks};

unsafe extern "C" {
    /// What the compiler makes of the user's `main`.
    fn main(argc: isize, argv: *const *const u8) -> i32;
}

/// On the kernel's stack: makes the private words and main's stack, and returns its top. No
/// thread-locals yet.
#[unsafe(export_name = "__rust_plan9_prepare")]
unsafe extern "C" fn prepare(words: *mut PrivateWords, tos: usize) -> usize {
    // SAFETY: free, aligned stack between the arguments and our own frame. It holds 0xFE bytes or
    // zeros until now.
    unsafe {
        words.write(PrivateWords {
            thread: ptr::null(),
            next: ptr::null(),
            saved_sp: 0,
            launching: 0,
        });
    }
    per_proc::TOS.store(tos, Relaxed);
    per_proc::PRIVATE.store(words, Relaxed);
    MAIN.pid.store(per_proc::pid(), SeqCst);
    // SAFETY: just placed, and this proc's own.
    unsafe { (*words).thread = &MAIN };
    match stacks::start() {
        // A multiple of 16, as the calling convention wants before a call.
        Some(stack) => {
            MAIN.set_stack(stack);
            stack.top
        }
        None => exit::exit_with(c"no memory for the main thread's stack"),
    }
}

/// On main's own stack: notes, the unwinder, `main`, and the end. `args` points to the count, then
/// the pointers.
#[unsafe(export_name = "__rust_plan9_run")]
unsafe extern "C" fn run(args: *const usize) -> ! {
    notes::install();
    #[cfg(feature = "panic-unwind")]
    super::unwind_tables::install();
    // SAFETY: the kernel's layout: the count, then that many pointers and a null.
    let code = unsafe { main(*args as isize, args.add(1).cast()) };
    // SAFETY: main has returned; nothing of its frame is referred to.
    unsafe { crate::sys::thread_local::key::run_destructors() };
    exit::exit(code)
}
