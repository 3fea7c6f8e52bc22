//! How an amd64 program enters the kernel.
//!
//! The kernel takes the call's number from RBP and copies five argument words from memory at
//! 8(RSP), all of which must be mapped even where a call has fewer. It gives back only RSP and the
//! vector state on every kernel of the family (`pc64/l.s:syscallentry`; 9legacy keeps not even R14
//! and R15), so the stub below saves whatever the C calling convention promises to keep, RBP and
//! RBX among it.

use core::arch::naked_asm;

/// Makes system call `number` with five argument words, and gives what the kernel put in RAX:
/// [`crate::sysno::FAILED`] means that `errstr` has the reason.
///
/// # Safety
///
/// The arguments must be what that call asks for. An address outside every segment ends the process
/// with a note, and an address that the kernel writes through must be the caller's to write.
#[unsafe(naked)]
pub unsafe extern "C" fn syscall(
    number: usize,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
) -> isize {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        // Slot 0 and five argument words; the kernel copies all five.
        "sub rsp, 56",
        "mov [rsp + 8], rsi",
        "mov [rsp + 16], rdx",
        "mov [rsp + 24], rcx",
        "mov [rsp + 32], r8",
        "mov [rsp + 40], r9",
        "mov rbp, rdi",
        "syscall",
        "add rsp, 56",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}
