//! The address space of an amd64 process (`pc64/mem.h`) and limits that programs meet.

/// A page, in bytes.
pub const PAGE: u64 = 4096;
/// Where the text segment, and with it the a.out header, is mapped.
pub const UTZERO: u64 = 0x20_0000;
/// The data segment starts at the next multiple of this above the text.
pub const DATA_ALIGN: u64 = 0x20_0000;
/// The end of the stack segment. Programs take the address of Tos that the kernel hands them
/// instead.
pub const USTKTOP: u64 = 0x7FFF_FFFF_F000;
/// The size of the stack segment, in bytes.
pub const USTKSIZE: u64 = 16 << 20;
/// What untouched pages of the initial stack hold since 2025-08-16 (`port/fault.c:fixfault`).
pub const STACK_FILL: u8 = 0xFE;
/// Bytes between the interrupted stack pointer and what the kernel writes for a note: a red zone
/// survives (`pc64/trap.c:notify`).
pub const NOTE_RED_ZONE: u64 = 256;
/// The most argument words the kernel copies from 8(RSP), all of which must be mapped
/// (`MAXSYSARG`).
pub const MAX_ARGS: usize = 5;
/// The longest error string or note with its NUL, in bytes (`ERRMAX`).
pub const ERRMAX: usize = 128;
/// Notes that one process can have queued (`NNOTE`).
pub const NNOTE: usize = 5;
/// Wait records that a process keeps of its children (`port/proc.c:pexit`).
pub const MAX_WAIT_RECORDS: usize = 128;
/// The largest segment, in bytes: 65,536 page tables of a megabyte each (`pc64/mem.h:SEGMAPSIZE`).
/// A request for 2^44 bytes or more corrupts the kernel that was measured.
pub const SEGMENT_MAX: u64 = 64 << 30;
/// Segments a process can attach beside its own (`NSEG` less the fixed ones).
pub const ATTACHABLE_SEGMENTS: usize = 5;
/// The kernel's clock tick, in milliseconds.
pub const TICK_MS: u64 = 10;
/// The floating-point control word of a new process: invalid, zero-divide and overflow unmasked
/// (`pc64/fpu.c`).
pub const INITIAL_FCW: u16 = 0x0232;
/// The SSE control word of a new process: the same three unmasked.
pub const INITIAL_MXCSR: u32 = 0x1900;
/// The x87 control word under which Rust code runs: all exceptions masked, 64-bit precision.
pub const MASKED_FCW: u16 = 0x037F;
/// The SSE control word under which Rust code runs: all exceptions masked.
pub const MASKED_MXCSR: u32 = 0x1F80;
