//! Notes: their texts and what they mean by convention (man 2/notify, man 3/proc).

/// Begins the text of every note the kernel makes; a handler compares prefixes, for the kernel
/// appends ` pc=0x...`.
pub const KERNEL_PREFIX: &[u8] = b"sys:";
/// Posted to the writer of a pipe whose other end is closed or whose write was interrupted.
pub const WRITE_ON_CLOSED_PIPE: &[u8] = b"sys: write on closed pipe";
/// The note of `alarm(2)`.
pub const ALARM: &[u8] = b"alarm";
/// The note of the interrupt key.
pub const INTERRUPT: &[u8] = b"interrupt";
/// Asks a program to end.
pub const KILL: &[u8] = b"kill";

/// Message to `/proc/N/ctl`: the proc's next wait fails with `interrupted`, without a note
/// (9front's man 3/proc).
pub const CTL_INTERRUPT: &[u8] = b"interrupt";
/// Takes [`CTL_INTERRUPT`] back; refused while notes are pending.
pub const CTL_NOINTERRUPT: &[u8] = b"nointerrupt";

/// Message to `/proc/N/ctl`: the proc stops on its way out of the kernel; the write waits until it
/// has.
pub const CTL_STOP: &[u8] = b"stop";
/// Ends the proc, a broken one too. It wakes nobody who has a handler and a full queue of notes
/// (`port/proc.c:killproc`, `pushnote`): [`CTL_INTERRUPT`] behind it does.
pub const CTL_KILL: &[u8] = b"kill";
/// Closes all that stands in the proc's table of descriptors.
pub const CTL_CLOSE_FILES: &[u8] = b"closefiles";

/// How the notes begin that an instruction gets every time it is executed with the same registers
/// (`pc64/trap.c`, `pc64/fpu.c`, `port/fault.c:faultnote`).
const TRAPS: [&[u8]; 4] =
    [b"sys: trap:", b"sys: fp:", b"sys: floating point error", b"sys: breakpoint"];
/// The same of a system call (`port/fault.c:validaddr`, `port/sysproc.c:dosyscall`).
const BAD_CALLS: [&[u8]; 2] = [b"sys: bad address in syscall", b"sys: bad sys call"];

/// True for the note of an instruction that would get it again.
pub fn is_trap(text: &[u8]) -> bool {
    TRAPS.iter().any(|trap| text.starts_with(trap))
}

/// True for the note of a system call that would get it again.
pub fn is_bad_call(text: &[u8]) -> bool {
    BAD_CALLS.iter().any(|bad| text.starts_with(bad))
}

/// True for a note whose text begins as the kernel's own do.
pub fn is_kernel_text(text: &[u8]) -> bool {
    text.starts_with(KERNEL_PREFIX)
}
