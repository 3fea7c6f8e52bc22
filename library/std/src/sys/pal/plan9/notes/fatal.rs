//! The note that ends the program.
//!
//! What is to be done then, telling of a trap and ending or stopping every thread, is ordinary
//! code, and ordinary code uses vector registers, for which kernels before 2025-04-05 kill a proc
//! inside a note handler: it alone, so that the others would go on. So the handler keeps the note
//! and the registers that it interrupted, sends the thread to [`end`], and returns.
//! A trap in what runs then comes back here, and each time less is tried.

use plan9_abi::sys::process;
use plan9_abi::{note, ureg};

use super::fatal_note::FATAL_NOTE;
use super::trap;
use crate::ffi::CStr;
use crate::ptr;
use crate::sync::atomic::Ordering::SeqCst;
use crate::sys::pal::arch::{self, SYSCALL};
use crate::sys::pal::{broken, exit};
use crate::sys::thread::{per_proc, stacks, watchdog};

/// Ends the program. The kernel's own notes are told on descriptor 2 first, and after a trap it
/// stays for a debugger.
#[cfg_attr(not(test), unsafe(export_name = "__rust_plan9_end"))]
#[cfg_attr(test, expect(dead_code))]
unsafe extern "C" fn end() -> ! {
    // SAFETY: this thread claimed it, and its handler has filled it.
    let (text, registers) = unsafe { (&*FATAL_NOTE.text.get(), &mut *FATAL_NOTE.registers.get()) };
    let text = CStr::from_bytes_until_nul(text).unwrap_or(c"note");
    let [pc, sp, bp] = [ureg::PC, ureg::SP, ureg::BP].map(|at| registers[at / 8] as usize);
    let tries = FATAL_NOTE.tries.fetch_add(1, SeqCst);
    let Some(thread) = per_proc::current().filter(|_| tries < 3) else {
        // Nothing else has worked: this proc alone.
        process::exits(Some(text))
    };
    let is_kernels = note::is_kernel_text(text.to_bytes());
    if tries == 0 {
        let overflowed = match stacks::is_overflow(thread, sp) {
            true => Some(thread),
            false if is_kernels => watchdog::overflowed(),
            false => None,
        };
        if let Some(thread) = overflowed {
            stacks::tell(thread);
            exit::exit_with(c"abort")
        }
        if is_kernels {
            exit::own_descriptors();
            // SAFETY: the thread stands here, so its stack above the place stands still.
            unsafe { trap::tell(thread, text.to_bytes(), pc, sp, bp) };
        }
    }
    let repeats = match text.to_bytes() {
        text if note::is_trap(text) => true,
        text if note::is_bad_call(text) => {
            // It is the call that gets the note again, and not what stands behind it.
            registers[ureg::PC / 8] -= SYSCALL.len() as u64;
            // SAFETY: the bytes of the system call that was just made.
            unsafe { ptr::with_exposed_provenance::<[u8; 2]>(pc - SYSCALL.len()).read() == SYSCALL }
        }
        _ => false,
    };
    if tries < 2 && repeats {
        broken::stay(text);
        // SAFETY: the handler has filled the registers, and the program is claimed.
        unsafe { arch::restore() }
    }
    if exit::STATE.load(SeqCst) == exit::BROKEN {
        // Leaving it for a debugger has failed half way.
        process::exits(Some(text));
    }
    exit::exit_with(text)
}
