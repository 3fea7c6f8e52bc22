//! Notes: their texts and what they mean by convention (man 2/notify, man 3/proc).

/// Begins the text of every note the kernel makes; a handler compares prefixes, for the kernel appends ` pc=0x...`.
pub const KERNEL_PREFIX: &[u8] = b"sys:";
/// Posted to the writer of a pipe whose other end is closed or whose write was interrupted.
pub const WRITE_ON_CLOSED_PIPE: &[u8] = b"sys: write on closed pipe";
/// The note of `alarm(2)`.
pub const ALARM: &[u8] = b"alarm";
/// The note of the interrupt key.
pub const INTERRUPT: &[u8] = b"interrupt";
/// Asks a program to end.
pub const KILL: &[u8] = b"kill";

/// Message to `/proc/N/ctl`: the proc's next wait fails with `interrupted`, without a note (9front's man 3/proc).
pub const CTL_INTERRUPT: &[u8] = b"interrupt";
/// Takes [`CTL_INTERRUPT`] back; refused while notes are pending.
pub const CTL_NOINTERRUPT: &[u8] = b"nointerrupt";

/// True for a note whose text begins as the kernel's own do.
pub fn is_kernel_text(text: &[u8]) -> bool {
    text.starts_with(KERNEL_PREFIX)
}
