//! Notes: what the kernel and other programs tell a proc at any instruction.
//!
//! A note ends the program, with its text as the status, unless it is one of four: a deadline's,
//! which is counted in its thread's slot (see [`deadline`](super::deadline)), the kernel's `write
//! on closed pipe`, which the failing write reports as well, whatever arrives while the program is
//! ending, and any but the kernel's own while the program [`watch`]es notes, which goes through the
//! [`inbox`] to ordinary code. After a trap the program stays for a debugger instead: see
//! [`broken`]. A child between fork and exec has none of these, and ends by any note. Those are
//! settled in assembly that touches no vector register, for kernels before 2025-04-05 kill a proc
//! that does so here. What ends the program is Rust, and runs where the handler sends the thread
//! to: see [`last`].

pub mod inbox;
mod last;
mod ring;
mod trap;
pub mod watch;

use crate::arch::naked_asm;
use crate::mem::offset_of;
use crate::sync::atomic::AtomicU64;
use crate::sys::pal::deadline::slot::{self, PHASE_BITS, Phase};
use crate::sys::pal::deadline::text;
use crate::sys::pal::private::PrivateWords;
use crate::sys::pal::thread_control::{self, ThreadControl};
use crate::sys::pal::{broken, exit, private};
use inbox::{Arrived, CELLS, Notes, Place};
use last::Last;
use plan9_abi::layout::ERRMAX;
use plan9_abi::sys::note as calls;
use plan9_abi::{flags, sysno, ureg};
use ring::Cell;

/// The first eight bytes of the kernel's note about a pipe, behind the `sys: ` of all its notes.
const WRITE_ON: u64 = u64::from_le_bytes(*b"write on");
const SYS: u32 = u32::from_le_bytes(*b"sys:");
const ALARM: u32 = u32::from_le_bytes(*b"alar");

/// What compiled code may keep below the stack pointer, in bytes (the System V ABI).
const RED_ZONE: u32 = 128;

/// Flags that `noted` takes from its own call and that must be as they were: OF and DF; and the one that is always set.
const KEPT_FLAGS: u32 = 1 << 11 | 1 << 10;
const ALWAYS_SET: u32 = 1 << 1 | 1 << 9;

/// One note's cell of the ring.
type Held = Cell<AtomicU64, Place>;

/// Sets the handler of the main proc; threads inherit it. In a program of std's own tests it is that of the std under
/// them.
#[cfg_attr(test, expect(dead_code))]
pub fn install() {
    // SAFETY: the handler follows the kernel's convention and ends in noted or exits.
    let _ = unsafe { calls::notify(handler as *const ()) };
}

#[unsafe(naked)]
unsafe extern "C" fn handler() {
    naked_asm!(
        "cld",
        "mov rbx, [rsp + {ureg_pointer}]",
        "mov rcx, [rsp + {note_pointer}]",
        // A copy of a thread, on its way to another program: what stands in its memory is not about it.
        "mov rdi, [rip + {private}]",
        "test rdi, rdi",
        "jz 1f",
        "cmp qword ptr [rdi + {launching}], 0",
        "je 1f",
        "mov rdi, [rdi + {thread}]",
        "mov rax, [rip + {tos}]",
        "mov eax, [rax + {tos_pid}]",
        "cmp eax, [rdi + {pid}]",
        "jne 12f",
        "1:",
        "mov eax, [rip + {state}]",
        "cmp eax, {ready}",
        "je 3f",
        "cmp eax, {claimed}",
        "je 4f",
        "cmp eax, {broken}",
        "je 15f",
        "movabs rax, {deadline}",
        "cmp [rcx], rax",
        "je 5f",
        "cmp dword ptr [rcx], {sys}",
        "jne 7f",
        "movabs rax, {write_on}",
        "cmp [rcx + 5], rax",
        "je 4f",
        "jmp 2f",
        // A deadline's text. Whoever wrote it, it harms nobody: it is counted if this thread's slot is firing the very
        // operation that it names, and forgotten otherwise. First the number, sixteen letters.
        "5:",
        "xor edx, edx",
        "mov esi, 8",
        "6:",
        "movzx eax, byte ptr [rcx + rsi]",
        "sub eax, {zero}",
        "cmp eax, 15",
        "ja 4f",
        "shl rdx, 4",
        "or rdx, rax",
        "inc esi",
        "cmp esi, {len}",
        "jne 6b",
        // This thread, if this proc is one: its block is behind the first private word, and has this proc's id.
        "mov rdi, [rip + {private}]",
        "test rdi, rdi",
        "jz 4f",
        "mov rdi, [rdi + {thread}]",
        "test rdi, rdi",
        "jz 4f",
        "mov rax, [rip + {tos}]",
        "mov eax, [rax + {tos_pid}]",
        "cmp eax, [rdi + {pid}]",
        "jne 4f",
        "mov rax, [rdi + {word}]",
        "mov esi, eax",
        "and esi, {phase_mask}",
        "cmp esi, {posting}",
        "jb 4f",
        "shr rax, {phase_bits}",
        "cmp rax, rdx",
        "jne 4f",
        "inc qword ptr [rdi + {handled}]",
        // Not in the kernel yet: the call is given up.
        "mov rax, [rbx + {pc}]",
        "lea rsi, [rip + __rust_plan9_timed_start]",
        "cmp rax, rsi",
        "jb 4f",
        "lea rsi, [rip + __rust_plan9_timed_end]",
        "cmp rax, rsi",
        "jae 4f",
        "lea rsi, [rip + __rust_plan9_timed_abort]",
        "mov [rbx + {pc}], rsi",
        "jmp 4f",
        // Any other note, if anybody watches: a place in the ring.
        "7:",
        "cmp dword ptr [rip + {watchers}], 0",
        "je 2f",
        "8:",
        "mov rdx, [rip + {ring} + {tail}]",
        "mov eax, edx",
        "and eax, {cells} - 1",
        "imul eax, eax, {cell_size}",
        "lea rdi, [rip + {ring} + {first_cell}]",
        "add rdi, rax",
        "mov rax, [rdi + {turn}]",
        "sub rax, rdx",
        "js 9f",
        "jnz 8b",
        "mov rax, rdx",
        "lea rsi, [rdx + 1]",
        "lock cmpxchg [rip + {ring} + {tail}], rsi",
        "jne 8b",
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
        "jmp 4f",
        "9:",
        "lock inc qword ptr [rip + {ring} + {lost}]",
        "jmp 4f",
        // It ends the program, if it came to a thread of it. One that is just beginning forgets it: what was posted to the
        // group has come to the others as well. Any other proc ends by it alone.
        "2:",
        "mov rdi, [rip + {private}]",
        "test rdi, rdi",
        "jz 12f",
        "mov rdi, [rdi + {thread}]",
        "test rdi, rdi",
        "jz 12f",
        "mov rax, [rip + {tos}]",
        "mov edx, [rax + {tos_pid}]",
        "mov eax, [rdi + {pid}]",
        "cmp eax, edx",
        "je 14f",
        "test eax, eax",
        "jnz 12f",
        "cmp dword ptr [rcx], {sys}",
        "jne 4f",
        "jmp 12f",
        // The first thread keeps what is to be told; another goes on until it is ended.
        "14:",
        "xor eax, eax",
        "lock cmpxchg [rip + {last}], edx",
        "jne 10f",
        "mov rsi, rcx",
        "lea rdi, [rip + {last} + {last_text}]",
        "mov ecx, {errmax} / 8",
        "rep movsq",
        "mov rsi, rbx",
        "lea rdi, [rip + {last} + {last_registers}]",
        "mov ecx, {ureg_size} / 8",
        "rep movsq",
        "jmp 11f",
        // A note while it is being told, to the same thread: what told it has failed, and goes on from there.
        "10:",
        "cmp eax, edx",
        "jne 4f",
        "11:",
        "lea rax, [rip + {leave}]",
        "mov [rbx + {pc}], rax",
        // Below what code without frame pointers may keep there.
        "mov rax, [rbx + {sp}]",
        "sub rax, {red_zone}",
        "and rax, -16",
        "mov [rbx + {sp}], rax",
        "jmp 4f",
        // A thread has trapped, and leaves the program for a debugger. The others are being
        // stopped, but main breaks by the note that it is told by, whatever else comes to it.
        "15:",
        "mov rax, [rip + {tos}]",
        "mov eax, [rax + {tos_pid}]",
        "cmp eax, [rip + {ender}]",
        "je 16f",
        "cmp eax, [rip + {main} + {pid}]",
        "jne 4f",
        "cmp dword ptr [rcx], {told}",
        "jne 4f",
        "mov qword ptr [rsp + 8], {as_trap}",
        "mov ebp, {noted}",
        "syscall",
        "ud2",
        // The one that has trapped: its registers come back, and then the trap a second time, or
        // the alarm.
        "16:",
        "cmp dword ptr [rip + {last} + {last_again}], 0",
        "jne 17f",
        "lea rax, [rip + {breaks}]",
        "cmp rax, [rbx + {pc}]",
        "jne 18f",
        "lea rsi, [rip + {last} + {last_registers}]",
        "mov rdi, rbx",
        "mov ecx, {ureg_size} / 8",
        "rep movsq",
        "mov dword ptr [rip + {last} + {last_again}], 1",
        "jmp 4f",
        "17:",
        "cmp dword ptr [rcx], {alarm}",
        "je 12f",
        "cmp dword ptr [rcx], {sys}",
        "je 12f",
        "jmp 4f",
        // It has failed before that.
        "18:",
        "cmp dword ptr [rcx], {sys}",
        "jne 4f",
        "movabs rax, {write_on}",
        "cmp [rcx + 5], rax",
        "je 4f",
        "jmp 11b",
        // The program is ending: so does this proc, with the status that stands.
        // Not who has others to end yet: a note does not stop it.
        "3:",
        "mov rax, [rip + {tos}]",
        "mov eax, [rax + {tos_pid}]",
        "cmp eax, [rip + {ender}]",
        "jne 13f",
        "cmp dword ptr [rcx], {sys}",
        "jne 4f",
        "movabs rax, {write_on}",
        "cmp [rcx + 5], rax",
        "je 4f",
        "13:",
        "lea rax, [rip + {status}]",
        "xor ecx, ecx",
        "cmp byte ptr [rax], 0",
        "cmove rax, rcx",
        "mov [rsp + 8], rax",
        "mov ebp, {exits}",
        "syscall",
        "ud2",
        // What it does where there is no handler.
        "12:",
        "mov qword ptr [rsp + 8], {dflt}",
        "mov ebp, {noted}",
        "syscall",
        "ud2",
        // Resume as if nothing had been.
        "4:",
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
        private = sym private::PRIVATE,
        thread = const offset_of!(PrivateWords, thread),
        launching = const offset_of!(PrivateWords, launching),
        tos = sym private::TOS,
        tos_pid = const plan9_abi::tos::PID,
        pid = const offset_of!(ThreadControl, pid),
        word = const offset_of!(ThreadControl, slot.0.word),
        handled = const offset_of!(ThreadControl, slot.0.handled),
        phase_mask = const (1 << PHASE_BITS) - 1,
        phase_bits = const PHASE_BITS,
        posting = const Phase::Posting as u32,
        pc = const ureg::PC,
        watchers = sym watch::WATCHERS,
        ring = sym inbox::RING,
        tail = const offset_of!(Notes, tail),
        lost = const offset_of!(Notes, lost),
        arrived = sym inbox::ARRIVED,
        first_cell = const offset_of!(Notes, cells),
        cells = const CELLS,
        cell_size = const size_of::<Held>(),
        turn = const offset_of!(Held, turn),
        cell_pid = const offset_of!(Held, note) + offset_of!(Arrived, pid),
        cell_text = const offset_of!(Held, note) + offset_of!(Arrived, text),
        errmax = const ERRMAX,
        semrelease = const sysno::SEMRELEASE,
        write_on = const WRITE_ON,
        last = sym last::LAST,
        last_text = const offset_of!(Last, text),
        last_registers = const offset_of!(Last, registers),
        last_again = const offset_of!(Last, again),
        leave = sym last::leave_handler,
        breaks = sym last::breaks,
        broken = const exit::BROKEN,
        told = const u32::from_le_bytes(broken::TOLD),
        main = sym thread_control::MAIN,
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
