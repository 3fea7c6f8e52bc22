//! The structure at the top of every process's stack (`include/tos.h`), amd64 layout.
//!
//! Its address is in RAX when a program starts, and differs between the kernels of the family:
//! never compute it.

/// `prof`: five pointers and two words of the profiler.
pub const PROF: usize = 0;
/// Hz of the cycle counter, `u64`, 0 if there is none; set at exec.
pub const CYCLEFREQ: usize = 40;
/// Cycles spent in the kernel, `i64`, written at each kernel exit.
pub const KCYCLES: usize = 48;
/// Add the cycle counter for the process's cycles, `i64`, written at each kernel exit.
pub const PCYCLES: usize = 56;
/// The process id, `u32`, written at each kernel exit.
pub const PID: usize = 64;
/// User-mode profiling ticks in milliseconds, `u32`.
pub const CLOCK: usize = 68;
/// The size on 9front; 4th edition and 9legacy append 16 bytes.
pub const SIZE: usize = 72;
