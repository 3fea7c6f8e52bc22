//! amd64: what differs from one processor to another. Each file of this folder has the same items.
//!
//! Code here is entered from the kernel or leaves for it, so each function says what the kernel
//! keeps. A system call keeps the stack pointer alone: its number is in RBP, its arguments are on
//! the stack above a word for the return address, its result comes in RAX, and all other registers
//! are lost (`pc64/l.s:syscallentry`). A note handler starts with no register kept at all, and may
//! touch no vector register: kernels before 2025-04-05 kill a proc that does (`pc64/fpu.c`).
//!
//! | function | entered by | goes to |
//! |---|---|---|
//! | `_start` | the kernel, at exec | [`start`](super::super::start) |
//! | [`fork`] | a thread that starts another | its caller, and in the child the function given |
//! | [`leave_stack`] | a thread that ends | the function given |
//! | [`timed_call`] | a call that a deadline may end | its caller |
//! | [`note_handler`] | the kernel, with a note | `noted`, `exits`, or [`leave_handler`] |
//! | [`leave_handler`] | the handler, for the note that ends the program | `notes::fatal` |
//! | [`restore`] | `notes::fatal`, for a debugger | the instruction that trapped |
//! | [`probe`] | compiled code, before a frame of a page or more | its caller, or `stacks` |

use plan9_abi::layout::{ERRMAX, MASKED_FCW, MASKED_MXCSR};
use plan9_abi::{flags, sysno, ureg};

use crate::arch::naked_asm;
use crate::arch::x86_64::_rdtsc;
use crate::mem::offset_of;
use crate::ptr;
use crate::sync::atomic::AtomicU64;
use crate::sys::pal::deadline::slot::{PHASE_BITS, Phase};
use crate::sys::pal::deadline::text;
use crate::sys::pal::notes::fatal_note::{FATAL_NOTE, FatalNote};
use crate::sys::pal::notes::queue::{self, Arrived, CELLS, Notes, Place};
use crate::sys::pal::notes::ring::Cell;
use crate::sys::pal::{broken, exit};
use crate::sys::thread::control::{MAIN, ThreadControl};
use crate::sys::thread::per_proc::{self, PrivateWords};

/// Room between the private words and where a stub stands below them, in bytes: the kernel copies
/// argument words from there, all of which must be mapped and none of which may be the private
/// words.
const BELOW: usize = 64;

/// What compiled code may keep below the stack pointer, in bytes (the System V ABI).
const RED_ZONE: u32 = 128;

/// What [`timed_call`] returns for a call that never reached the kernel.
pub const ABORTED: isize = -2;

/// The instruction that makes a system call.
pub const SYSCALL: [u8; 2] = [0x0F, 0x05];

/// What [`leave_handler`] keeps of the vector registers: FXSAVE writes it.
#[repr(C, align(16))]
pub struct VectorRegisters([u8; 512]);

impl VectorRegisters {
    pub const EMPTY: Self = Self([0; 512]);
}

/// The cycle counter, which the kernel lets programs read.
pub fn counter() -> u64 {
    // SAFETY: every amd64 processor has the counter.
    unsafe { _rdtsc() }
}

/// A frame's two words, by the frame pointer: the caller's frame pointer and the return address.
///
/// # Safety
///
/// Two words must be mapped there.
pub unsafe fn frame(bp: usize) -> [usize; 2] {
    // SAFETY: the caller's.
    unsafe { ptr::with_exposed_provenance::<[usize; 2]>(bp).read() }
}

#[cfg(not(test))]
#[expect(improper_ctypes, reason = "the words are passed on by address")]
unsafe extern "C" {
    // Both are `super::start`'s.
    fn __rust_plan9_prepare(words: *mut PrivateWords, tos: usize) -> usize;
    fn __rust_plan9_run(args: *const usize) -> !;
}

/// The entry point. The kernel enters with the address of Tos in RAX, an argument count at a stack
/// pointer aligned to 8, floating-point exceptions that Rust code does not expect, and a direction
/// flag that may be set. The private words are placed just below the arguments.
#[cfg(not(test))]
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn _start() -> ! {
    naked_asm!(
        "cld",
        "mov r12, rsp",
        "mov rsi, rax",
        "lea rdi, [rsp - {size}]",
        "and rdi, -64",
        // The stack lies below the words. The frame chain ends here.
        "lea rsp, [rdi - 64]",
        "xor ebp, ebp",
        "mov dword ptr [rsp], {mxcsr}",
        "ldmxcsr [rsp]",
        "mov word ptr [rsp], {fcw}",
        "fldcw [rsp]",
        "call {prepare}",
        // On main's own stack.
        "mov rsp, rax",
        "mov rdi, r12",
        "xor ebp, ebp",
        "call {run}",
        "ud2",
        size = const size_of::<PrivateWords>(),
        mxcsr = const MASKED_MXCSR,
        fcw = const MASKED_FCW,
        prepare = sym __rust_plan9_prepare,
        run = sym __rust_plan9_run,
    )
}

/// Forks a proc for the thread in `words.next`, which begins with `enter` on its own stack. Gives
/// its pid, or -1. The fork is made standing on the private segment, of which the child has a copy.
///
/// # Safety
///
/// `words.next` must be complete, and stay so until the child has gone.
#[unsafe(naked)]
pub unsafe extern "C" fn fork(
    words: *mut PrivateWords,
    enter: unsafe extern "C" fn(&'static ThreadControl) -> !,
) -> isize {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        // To the private segment, with the call's one argument and `enter` above it.
        "mov [rdi + {saved_sp}], rsp",
        "lea rsp, [rdi - {below}]",
        "mov qword ptr [rsp + 8], {flags}",
        "mov [rsp + {below} - 8], rsi",
        "mov ebp, {rfork}",
        "syscall",
        "lea rdi, [rsp + {below}]",
        "test rax, rax",
        "jz .Lplan9_fork_child",
        // The parent goes back to its stack.
        "mov qword ptr [rdi + {next}], 0",
        "mov rsp, [rdi + {saved_sp}]",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
        // The child becomes the thread, and goes to its own stack, where the frame chain ends.
        ".Lplan9_fork_child:",
        "mov rdx, [rsp + {below} - 8]",
        "mov rax, [rdi + {next}]",
        "mov [rdi + {thread}], rax",
        "mov qword ptr [rdi + {next}], 0",
        "mov rsp, [rax + {stack_top}]",
        "mov rdi, rax",
        "xor ebp, ebp",
        "call rdx",
        "ud2",
        saved_sp = const offset_of!(PrivateWords, saved_sp),
        next = const offset_of!(PrivateWords, next),
        thread = const offset_of!(PrivateWords, thread),
        stack_top = const offset_of!(ThreadControl, stack_top),
        below = const BELOW,
        flags = const flags::rfork::PROC | flags::rfork::MEM | flags::rfork::NOWAIT,
        rfork = const sysno::RFORK,
    )
}

/// Moves to the private segment, which is this proc's to the end, and calls `tear_down` there.
///
/// # Safety
///
/// Nothing on the current stack may be needed again.
#[unsafe(naked)]
pub unsafe extern "C" fn leave_stack(
    words: *mut PrivateWords,
    thread: &'static ThreadControl,
    tear_down: unsafe extern "C" fn(*mut PrivateWords, &'static ThreadControl) -> !,
) -> ! {
    naked_asm!(
        "lea rsp, [rdi - {below}]",
        "xor ebp, ebp",
        "call rdx",
        "ud2",
        below = const BELOW,
    )
}

// Between the look at the slot and the `syscall` instruction a note would be spent before the call
// blocks, and nobody would be left to break it. So the handler sends a proc that it finds there to
// the third label, which gives up the call. Nothing behind that label uses a register that a note
// may lose: the stack pointer alone.
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
    // The arguments, and the number.
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
    "jmp .Lplan9_timed_done",
    "__rust_plan9_timed_abort:",
    "mov rax, {aborted}",
    ".Lplan9_timed_done:",
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
    /// Makes system call `number` with four argument words if `*word` is still `armed`; else gives
    /// [`ABORTED`].
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

/// The first eight bytes of the kernel's note about a pipe, behind the `sys: ` of all its notes.
const WRITE_ON: u64 = u64::from_le_bytes(*b"write on");
const SYS: u32 = u32::from_le_bytes(*b"sys:");
const ALARM: u32 = u32::from_le_bytes(*b"alar");

/// Flags that `noted` takes from its own call and that must be as they were: OF and DF; and those
/// that are always set.
const KEPT_FLAGS: u32 = 1 << 11 | 1 << 10;
const ALWAYS_SET: u32 = 1 << 1 | 1 << 9;

/// One note's cell of the ring.
type Held = Cell<AtomicU64, Place>;

/// The note handler: what it does with which note stands in [`notes`](super::super::notes). RBX is
/// the Ureg and RCX the note's text throughout.
#[unsafe(naked)]
pub unsafe extern "C" fn note_handler() {
    naked_asm!(
        "cld",
        "mov rbx, [rsp + {ureg_pointer}]",
        "mov rcx, [rsp + {note_pointer}]",
        // A child between fork and exec has its parent's memory, which says nothing about it. Any
        // note does what it does where there is no handler.
        "mov rdi, [rip + {private}]",
        "test rdi, rdi",
        "jz .Lplan9_note_thread",
        "cmp qword ptr [rdi + {launching}], 0",
        "je .Lplan9_note_thread",
        "mov rdi, [rdi + {thread}]",
        "mov rax, [rip + {tos}]",
        "mov eax, [rax + {tos_pid}]",
        "cmp eax, [rdi + {pid}]",
        "jne .Lplan9_note_default",
        ".Lplan9_note_thread:",
        "mov eax, [rip + {state}]",
        "cmp eax, {ready}",
        "je .Lplan9_note_ending",
        "cmp eax, {claimed}",
        "je .Lplan9_note_resume",
        "cmp eax, {broken}",
        "je .Lplan9_note_broken",
        "movabs rax, {deadline}",
        "cmp [rcx], rax",
        "je .Lplan9_note_deadline",
        "cmp dword ptr [rcx], {sys}",
        "jne .Lplan9_note_watched",
        "movabs rax, {write_on}",
        "cmp [rcx + 5], rax",
        "je .Lplan9_note_resume",
        "jmp .Lplan9_note_fatal",
        // A deadline's text. It is counted if this thread's slot is firing the operation that it
        // names, and forgotten otherwise, whoever wrote it. The operation's number is sixteen
        // letters.
        ".Lplan9_note_deadline:",
        "xor edx, edx",
        "mov esi, 8",
        ".Lplan9_note_digit:",
        "movzx eax, byte ptr [rcx + rsi]",
        "sub eax, {zero}",
        "cmp eax, 15",
        "ja .Lplan9_note_resume",
        "shl rdx, 4",
        "or rdx, rax",
        "inc esi",
        "cmp esi, {len}",
        "jne .Lplan9_note_digit",
        // This proc is a thread if its control block has this proc's id.
        "mov rdi, [rip + {private}]",
        "test rdi, rdi",
        "jz .Lplan9_note_resume",
        "mov rdi, [rdi + {thread}]",
        "test rdi, rdi",
        "jz .Lplan9_note_resume",
        "mov rax, [rip + {tos}]",
        "mov eax, [rax + {tos_pid}]",
        "cmp eax, [rdi + {pid}]",
        "jne .Lplan9_note_resume",
        "mov rax, [rdi + {word}]",
        "mov esi, eax",
        "and esi, {phase_mask}",
        "cmp esi, {posting}",
        "jb .Lplan9_note_resume",
        "shr rax, {phase_bits}",
        "cmp rax, rdx",
        "jne .Lplan9_note_resume",
        "inc qword ptr [rdi + {handled}]",
        // If the call has not entered the kernel yet, it is given up.
        "mov rax, [rbx + {pc}]",
        "lea rsi, [rip + __rust_plan9_timed_start]",
        "cmp rax, rsi",
        "jb .Lplan9_note_resume",
        "lea rsi, [rip + __rust_plan9_timed_end]",
        "cmp rax, rsi",
        "jae .Lplan9_note_resume",
        "lea rsi, [rip + __rust_plan9_timed_abort]",
        "mov [rbx + {pc}], rsi",
        "jmp .Lplan9_note_resume",
        // Any other note goes into the ring if the program watches notes.
        ".Lplan9_note_watched:",
        "cmp dword ptr [rip + {watchers}], 0",
        "je .Lplan9_note_fatal",
        ".Lplan9_note_claim_cell:",
        "mov rdx, [rip + {ring} + {tail}]",
        "mov eax, edx",
        "and eax, {cells} - 1",
        "imul eax, eax, {cell_size}",
        "lea rdi, [rip + {ring} + {first_cell}]",
        "add rdi, rax",
        "mov rax, [rdi + {turn}]",
        "sub rax, rdx",
        "js .Lplan9_note_lost",
        "jnz .Lplan9_note_claim_cell",
        "mov rax, rdx",
        "lea rsi, [rdx + 1]",
        "lock cmpxchg [rip + {ring} + {tail}], rsi",
        "jne .Lplan9_note_claim_cell",
        "mov r8, rdi",
        "mov rsi, rcx",
        "lea rdi, [r8 + {cell_text}]",
        "mov ecx, {errmax} / 8",
        "rep movsq",
        "mov rax, [rip + {tos}]",
        "mov eax, [rax + {tos_pid}]",
        "mov [r8 + {cell_pid}], rax",
        "inc rdx",
        "mov [r8 + {turn}], rdx",
        "sub rsp, 32",
        "lea rax, [rip + {arrived}]",
        "mov [rsp + 8], rax",
        "mov qword ptr [rsp + 16], 1",
        "mov ebp, {semrelease}",
        "syscall",
        "add rsp, 32",
        "mov rbx, [rsp + {ureg_pointer}]",
        "jmp .Lplan9_note_resume",
        ".Lplan9_note_lost:",
        "lock inc qword ptr [rip + {ring} + {lost}]",
        "jmp .Lplan9_note_resume",
        // The note ends the program if this proc is one of its threads. A thread that is just
        // beginning, whose block has no pid yet, forgets it: what was posted to the group has come
        // to the others as well. Any other proc ends by it alone.
        ".Lplan9_note_fatal:",
        "mov rdi, [rip + {private}]",
        "test rdi, rdi",
        "jz .Lplan9_note_default",
        "mov rdi, [rdi + {thread}]",
        "test rdi, rdi",
        "jz .Lplan9_note_default",
        "mov rax, [rip + {tos}]",
        "mov edx, [rax + {tos_pid}]",
        "mov eax, [rdi + {pid}]",
        "cmp eax, edx",
        "je .Lplan9_note_claim",
        "test eax, eax",
        "jnz .Lplan9_note_default",
        "cmp dword ptr [rcx], {sys}",
        "jne .Lplan9_note_resume",
        "jmp .Lplan9_note_default",
        // The first thread keeps the note and the registers. Another goes on until it is ended.
        ".Lplan9_note_claim:",
        "xor eax, eax",
        "lock cmpxchg [rip + {fatal}], edx",
        "jne .Lplan9_note_claimed",
        "mov rsi, rcx",
        "lea rdi, [rip + {fatal} + {fatal_text}]",
        "mov ecx, {errmax} / 8",
        "rep movsq",
        "mov rsi, rbx",
        "lea rdi, [rip + {fatal} + {fatal_registers}]",
        "mov ecx, {ureg_size} / 8",
        "rep movsq",
        "jmp .Lplan9_note_leave",
        // A second note to the same thread: the code that ends the program has failed, and is
        // entered again.
        ".Lplan9_note_claimed:",
        "cmp eax, edx",
        "jne .Lplan9_note_resume",
        ".Lplan9_note_leave:",
        "lea rax, [rip + {leave}]",
        "mov [rbx + {pc}], rax",
        // The new frame starts below the red zone of the interrupted code.
        "mov rax, [rbx + {sp}]",
        "sub rax, {red_zone}",
        "and rax, -16",
        "mov [rbx + {sp}], rax",
        "jmp .Lplan9_note_resume",
        // A thread has trapped, and the program is being left for a debugger. The others are being
        // stopped. Main breaks by the note that tells it of the trap, and by no other.
        ".Lplan9_note_broken:",
        "mov rax, [rip + {tos}]",
        "mov eax, [rax + {tos_pid}]",
        "cmp eax, [rip + {ender}]",
        "je .Lplan9_note_trapped",
        "cmp eax, [rip + {main} + {pid}]",
        "jne .Lplan9_note_resume",
        "cmp dword ptr [rcx], {told}",
        "jne .Lplan9_note_resume",
        "mov qword ptr [rsp + 8], {as_trap}",
        "mov ebp, {noted}",
        "syscall",
        "ud2",
        // The thread that has trapped. First its registers come back, by the trap in `trap_here`;
        // then it traps a second time, or the alarm comes, and the kernel does the rest.
        ".Lplan9_note_trapped:",
        "cmp dword ptr [rip + {fatal} + {fatal_again}], 0",
        "jne .Lplan9_note_again",
        "lea rax, [rip + {breaks}]",
        "cmp rax, [rbx + {pc}]",
        "jne .Lplan9_note_failed",
        "lea rsi, [rip + {fatal} + {fatal_registers}]",
        "mov rdi, rbx",
        "mov ecx, {ureg_size} / 8",
        "rep movsq",
        "mov dword ptr [rip + {fatal} + {fatal_again}], 1",
        "jmp .Lplan9_note_resume",
        ".Lplan9_note_again:",
        "cmp dword ptr [rcx], {alarm}",
        "je .Lplan9_note_default",
        "cmp dword ptr [rcx], {sys}",
        "je .Lplan9_note_default",
        "jmp .Lplan9_note_resume",
        // It has failed before that.
        ".Lplan9_note_failed:",
        "cmp dword ptr [rcx], {sys}",
        "jne .Lplan9_note_resume",
        "movabs rax, {write_on}",
        "cmp [rcx + 5], rax",
        "je .Lplan9_note_resume",
        "jmp .Lplan9_note_leave",
        // The program is ending, and this proc ends with the status that was set. The thread that
        // ends the others is not stopped by a note.
        ".Lplan9_note_ending:",
        "mov rax, [rip + {tos}]",
        "mov eax, [rax + {tos_pid}]",
        "cmp eax, [rip + {ender}]",
        "jne .Lplan9_note_exit",
        "cmp dword ptr [rcx], {sys}",
        "jne .Lplan9_note_resume",
        "movabs rax, {write_on}",
        "cmp [rcx + 5], rax",
        "je .Lplan9_note_resume",
        ".Lplan9_note_exit:",
        "lea rax, [rip + {status}]",
        "xor ecx, ecx",
        "cmp byte ptr [rax], 0",
        "cmove rax, rcx",
        "mov [rsp + 8], rax",
        "mov ebp, {exits}",
        "syscall",
        "ud2",
        // The kernel does what it does where there is no handler.
        ".Lplan9_note_default:",
        "mov qword ptr [rsp + 8], {dflt}",
        "mov ebp, {noted}",
        "syscall",
        "ud2",
        // Resume what was interrupted.
        ".Lplan9_note_resume:",
        "mov rax, [rbx + {flags}]",
        "and eax, {kept}",
        "or eax, {always}",
        "push rax",
        "mov qword ptr [rsp + 16], {cont}",
        "mov ebp, {noted}",
        "popfq",
        "syscall",
        "ud2",
        ureg_pointer = const ureg::frame::UREG_POINTER,
        note_pointer = const ureg::frame::NOTE_POINTER,
        flags = const ureg::FLAGS,
        state = sym exit::STATE,
        status = sym exit::STATUS,
        ender = sym exit::ENDER,
        ready = const exit::READY,
        claimed = const exit::CLAIMED,
        sys = const SYS,
        deadline = const u64::from_le_bytes(text::PREFIX),
        zero = const text::ZERO,
        len = const text::LEN,
        private = sym per_proc::PRIVATE,
        thread = const offset_of!(PrivateWords, thread),
        launching = const offset_of!(PrivateWords, launching),
        tos = sym per_proc::TOS,
        tos_pid = const plan9_abi::tos::PID,
        pid = const offset_of!(ThreadControl, pid),
        word = const offset_of!(ThreadControl, slot.0.word),
        handled = const offset_of!(ThreadControl, slot.0.handled),
        phase_mask = const (1 << PHASE_BITS) - 1,
        phase_bits = const PHASE_BITS,
        posting = const Phase::Posting as u32,
        pc = const ureg::PC,
        watchers = sym queue::WATCHERS,
        ring = sym queue::RING,
        tail = const offset_of!(Notes, tail),
        lost = const offset_of!(Notes, lost),
        arrived = sym queue::ARRIVED,
        first_cell = const offset_of!(Notes, cells),
        cells = const CELLS,
        cell_size = const size_of::<Held>(),
        turn = const offset_of!(Held, turn),
        cell_pid = const offset_of!(Held, note) + offset_of!(Arrived, pid),
        cell_text = const offset_of!(Held, note) + offset_of!(Arrived, text),
        errmax = const ERRMAX,
        semrelease = const sysno::SEMRELEASE,
        write_on = const WRITE_ON,
        fatal = sym FATAL_NOTE,
        fatal_text = const offset_of!(FatalNote, text),
        fatal_registers = const offset_of!(FatalNote, registers),
        fatal_again = const offset_of!(FatalNote, again),
        leave = sym leave_handler,
        breaks = sym trap_here,
        broken = const exit::BROKEN,
        told = const u32::from_le_bytes(broken::TOLD),
        main = sym MAIN,
        as_trap = const flags::noted::BREAK,
        alarm = const ALARM,
        red_zone = const RED_ZONE,
        sp = const ureg::SP,
        ureg_size = const ureg::SIZE,
        exits = const sysno::EXITS,
        noted = const sysno::NOTED,
        cont = const flags::noted::CONT,
        dflt = const flags::noted::DFLT,
        kept = const KEPT_FLAGS,
        always = const ALWAYS_SET,
    )
}

unsafe extern "C" {
    // `notes::fatal`'s.
    fn __rust_plan9_end() -> !;
}

/// Where the handler sends the thread that is to end the program, on its own stack, aligned, below
/// the red zone of what was interrupted. The first time it keeps the vector registers as well.
#[unsafe(naked)]
unsafe extern "C" fn leave_handler() {
    naked_asm!(
        "cld",
        "cmp dword ptr [rip + {note} + {tries}], 0",
        "jne .Lplan9_leave_again",
        "fxsave64 [rip + {note} + {vectors}]",
        ".Lplan9_leave_again:",
        "xor ebp, ebp",
        "call {end}",
        "ud2",
        note = sym FATAL_NOTE,
        tries = const offset_of!(FatalNote, tries),
        vectors = const offset_of!(FatalNote, vectors),
        end = sym __rust_plan9_end,
    )
}

/// Puts the interrupted registers back and goes to the interrupted instruction: the vector
/// registers here, all others by the trap at [`trap_here`], whose handler loads them from
/// [`FATAL_NOTE`].
///
/// # Safety
///
/// The handler must have filled the note, and the program must be claimed as broken.
#[unsafe(naked)]
pub unsafe extern "C" fn restore() -> ! {
    naked_asm!(
        "fxrstor64 [rip + {note} + {vectors}]",
        "jmp {trap_here}",
        note = sym FATAL_NOTE,
        vectors = const offset_of!(FatalNote, vectors),
        trap_here = sym trap_here,
    )
}

/// One instruction that traps; the handler knows its address.
#[unsafe(naked)]
unsafe extern "C" fn trap_here() -> ! {
    naked_asm!("ud2")
}

unsafe extern "C" {
    // `sys::thread::stacks`'.
    fn __rust_plan9_frame_too_large() -> !;
}

/// Checks a frame of a page or more, before anything of it is touched: its size is in RAX, and only
/// R11 may be lost. A thread on another stack than its own is let pass.
#[unsafe(naked)]
pub unsafe extern "C" fn probe() {
    naked_asm!(
        "mov r11, [rip + {private}]",
        "test r11, r11",
        "jz .Lplan9_probe_fits",
        "mov r11, [r11 + {thread}]",
        "test r11, r11",
        "jz .Lplan9_probe_fits",
        "cmp rsp, [r11 + {low}]",
        "jb .Lplan9_probe_fits",
        "mov r11, [r11 + {limit}]",
        "add r11, rax",
        "jc .Lplan9_probe_too_large",
        "cmp rsp, r11",
        "jb .Lplan9_probe_too_large",
        ".Lplan9_probe_fits:",
        "ret",
        ".Lplan9_probe_too_large:",
        "and rsp, -16",
        "call {too_large}",
        "ud2",
        private = sym per_proc::PRIVATE,
        thread = const offset_of!(PrivateWords, thread),
        low = const offset_of!(ThreadControl, stack_low),
        limit = const offset_of!(ThreadControl, stack_limit),
        too_large = sym __rust_plan9_frame_too_large,
    )
}
