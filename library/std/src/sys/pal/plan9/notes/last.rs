//! The note that ends the program.
//!
//! What is to be done then, telling of a trap and ending every thread, is ordinary code, and ordinary code uses vector
//! registers, for which kernels before 2025-04-05 kill a proc inside a note handler: it alone, so that the others would
//! go on. So the handler keeps the note and where it came, sends the thread to [`leave_handler`], and returns.
//!
//! `pid` is 0 until a thread's handler claims the rest by compare-and-swap, and says whose it is from then on; nobody
//! gives it back. A trap in what runs then comes back here, and each time less is tried.

use super::trap;
use crate::arch::naked_asm;
use crate::cell::UnsafeCell;
use crate::ffi::CStr;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::SeqCst;
use crate::sys::pal::{exit, lost, stacks, thread_control};
use plan9_abi::layout::ERRMAX;
use plan9_abi::note;
use plan9_abi::sys::process;

/// The note, and the interrupted registers that a stack is walked from.
#[repr(C)]
pub struct Last {
    /// The proc that it came to. First, for the handler.
    pid: AtomicU32,
    tries: AtomicU32,
    pub pc: UnsafeCell<usize>,
    pub sp: UnsafeCell<usize>,
    pub bp: UnsafeCell<usize>,
    pub text: UnsafeCell<[u8; ERRMAX]>,
}

// SAFETY: whose pid stands in it has it to himself.
unsafe impl Sync for Last {}

shared_static! {
    /// The only one.
    pub static LAST: Last = Last {
        pid: AtomicU32::new(0),
        tries: AtomicU32::new(0),
        pc: UnsafeCell::new(0),
        sp: UnsafeCell::new(0),
        bp: UnsafeCell::new(0),
        text: UnsafeCell::new([0; ERRMAX]),
    };
    "__rust_plan9_last_note"
}

/// Where the handler sends the thread, on its own stack, aligned.
#[unsafe(naked)]
pub unsafe extern "C" fn leave_handler() {
    naked_asm!("cld", "xor ebp, ebp", "call {end}", "ud2", end = sym end)
}

/// Ends the program. The kernel's own notes are told on descriptor 2 first.
unsafe extern "C" fn end() -> ! {
    // SAFETY: this thread claimed it, and its handler has filled it.
    let (text, pc, sp, bp) =
        unsafe { (&*LAST.text.get(), *LAST.pc.get(), *LAST.sp.get(), *LAST.bp.get()) };
    let text = CStr::from_bytes_until_nul(text).unwrap_or(c"note");
    match (LAST.tries.fetch_add(1, SeqCst), thread_control::current()) {
        (0, Some(thread)) => {
            let is_trap = note::is_kernel_text(text.to_bytes());
            let overflowed = match stacks::is_overflow(thread, sp) {
                true => Some(thread),
                false if is_trap => lost::overflowed(),
                false => None,
            };
            if let Some(thread) = overflowed {
                stacks::tell(thread);
                exit::exit_with(c"abort")
            }
            if is_trap {
                // SAFETY: the thread stands here, so its stack above the place stands still.
                unsafe { trap::tell(thread, text.to_bytes(), pc, sp, bp) };
            }
            exit::exit_with(text)
        }
        (1, Some(_)) => exit::exit_with(text),
        // Nothing else has worked: this proc alone.
        _ => process::exits(Some(text)),
    }
}
