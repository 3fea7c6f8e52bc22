//! The way into the kernel of a call that a deadline may end.
//!
//! Between the look at the slot and the `syscall` instruction a note would be spent before the call
//! blocks, and nobody would be left to break it. So the handler sends a proc that it finds there to
//! the stub's third label, which gives up the call. Nothing after that label uses a register that a
//! note may lose: the stack pointer alone.

/// What the stub returns for a call that never reached the kernel.
pub const ABORTED: isize = -2;

#[cfg(not(test))]
core::arch::global_asm!(
    ".globl __rust_plan9_timed_call",
    ".globl __rust_plan9_timed_start",
    ".globl __rust_plan9_timed_end",
    ".globl __rust_plan9_timed_abort",
    ".pushsection .text.__rust_plan9_timed_call,\"ax\",@progbits",
    ".type __rust_plan9_timed_call,@function",
    "__rust_plan9_timed_call:",
    "push rbp",
    "push rbx",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "sub rsp, 56",
    "mov [rsp + 8], rsi",
    "mov [rsp + 16], rdx",
    "mov [rsp + 24], rcx",
    "mov [rsp + 32], r8",
    "mov qword ptr [rsp + 40], 0",
    "mov rbp, rdi",
    // The seventh argument: the slot's word while nobody has claimed it.
    "mov rax, [rsp + 112]",
    "__rust_plan9_timed_start:",
    "cmp [r9], rax",
    "jne __rust_plan9_timed_abort",
    "syscall",
    "__rust_plan9_timed_end:",
    "jmp 2f",
    "__rust_plan9_timed_abort:",
    "mov rax, {aborted}",
    "2:",
    "add rsp, 56",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rbx",
    "pop rbp",
    "ret",
    ".size __rust_plan9_timed_call, . - __rust_plan9_timed_call",
    ".popsection",
    aborted = const ABORTED,
);

unsafe extern "C" {
    /// Makes system call `number` with four argument words if `*word` is still `armed`.
    ///
    /// # Safety
    ///
    /// As for `plan9_abi::syscall::syscall`.
    #[link_name = "__rust_plan9_timed_call"]
    pub fn timed_call(
        number: usize,
        a: usize,
        b: usize,
        c: usize,
        d: usize,
        word: *const u64,
        armed: u64,
    ) -> isize;
}
