//! From the kernel's entry to `main`.
//!
//! The kernel enters with the address of Tos in RAX, an argument count at a stack pointer aligned to 8, floating-point
//! exceptions that Rust code does not expect, and a direction flag that may be set. The start code mends that, places
//! the private words just below the arguments before any note handler can look for them, and leaves the kernel's
//! stack, which no other thread can see, for one that all can.

use super::exit;
use super::notes;
use super::private::{self, PrivateWords};
use super::stacks;
use super::thread_control::MAIN;
use crate::arch::naked_asm;
use crate::ptr;
use crate::sync::atomic::Ordering::{Relaxed, SeqCst};
use plan9_abi::layout::{MASKED_FCW, MASKED_MXCSR};

unsafe extern "C" {
    /// What the compiler makes of the user's `main`.
    fn main(argc: isize, argv: *const *const u8) -> i32;
}

/// The entry point.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn _start() -> ! {
    naked_asm!(
        "cld",
        "mov r12, rsp",
        "mov rsi, rax",
        "lea rdi, [rsp - {size}]",
        "and rdi, -64",
        // The stack below the words; also makes the frame chain end here.
        "lea rsp, [rdi - 64]",
        "xor ebp, ebp",
        "mov dword ptr [rsp], {mxcsr}",
        "ldmxcsr [rsp]",
        "mov word ptr [rsp], {fcw}",
        "fldcw [rsp]",
        "call {prepare}",
        "mov rsp, rax",
        "mov rdi, r12",
        "xor ebp, ebp",
        "call {run}",
        "ud2",
        size = const size_of::<PrivateWords>(),
        mxcsr = const MASKED_MXCSR,
        fcw = const MASKED_FCW,
        prepare = sym prepare,
        run = sym run,
    )
}

/// On the kernel's stack: makes the private words and main's stack, and returns its top. No thread-locals yet.
unsafe extern "C" fn prepare(words: *mut PrivateWords, tos: usize) -> usize {
    // SAFETY: free, aligned stack between the arguments and our own frame. It holds 0xFE bytes or zeros until now.
    unsafe {
        words.write(PrivateWords {
            thread: ptr::null(),
            next: ptr::null(),
            saved_sp: 0,
            launching: 0,
        });
    }
    private::TOS.store(tos, Relaxed);
    private::PRIVATE.store(words, Relaxed);
    MAIN.pid.store(private::pid(), SeqCst);
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

/// On main's own stack: notes, the unwinder, `main`, and the end. `args` points to the count, then the pointers.
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
