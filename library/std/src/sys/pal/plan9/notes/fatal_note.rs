//! The note that ends the program, and the registers that it interrupted.
//!
//! `pid` is 0 until a thread's handler claims the rest by compare-and-swap, and says from then on
//! which thread that was. Only that thread and its handler touch the rest.

use plan9_abi::layout::ERRMAX;
use plan9_abi::ureg;

use crate::cell::UnsafeCell;
use crate::sync::atomic::AtomicU32;
use crate::sys::pal::arch::VectorRegisters;

/// The note, and what it interrupted.
#[repr(C)]
pub struct FatalNote {
    /// The proc that it came to. First, for the handler.
    pid: AtomicU32,
    /// How often it was tried to end the program.
    pub tries: AtomicU32,
    /// 1 once the interrupted registers are back: the trap is awaited for the second time.
    pub again: AtomicU32,
    pub text: UnsafeCell<[u8; ERRMAX]>,
    pub registers: UnsafeCell<[u64; ureg::SIZE / 8]>,
    pub vectors: UnsafeCell<VectorRegisters>,
}

// SAFETY: the thread whose pid is stored in `pid` has exclusive access.
unsafe impl Sync for FatalNote {}

shared_static! {
    /// The only one.
    pub static FATAL_NOTE: FatalNote = FatalNote {
        pid: AtomicU32::new(0),
        tries: AtomicU32::new(0),
        again: AtomicU32::new(0),
        text: UnsafeCell::new([0; ERRMAX]),
        registers: UnsafeCell::new([0; ureg::SIZE / 8]),
        vectors: UnsafeCell::new(VectorRegisters::EMPTY),
    };
    "__rust_plan9_fatal_note"
}
