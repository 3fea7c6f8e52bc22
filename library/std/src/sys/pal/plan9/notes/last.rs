//! The note that ends the program.
//!
//! What is to be done then, telling of a trap and ending or stopping every thread, is ordinary
//! code, and ordinary code uses vector registers, for which kernels before 2025-04-05 kill a proc
//! inside a note handler: it alone, so that the others would go on. So the handler keeps the note
//! and the registers that it interrupted, sends the thread to [`leave_handler`], and returns.
//!
//! `pid` is 0 until a thread's handler claims the rest by compare-and-swap, and says whose it is
//! from then on. Only that thread and its handler touch the rest. A trap in what runs then comes
//! back here, and each time less is tried.

use super::trap;
use crate::arch::naked_asm;
use crate::cell::UnsafeCell;
use crate::ffi::CStr;
use crate::mem::offset_of;
use crate::ptr;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::SeqCst;
use crate::sys::pal::{broken, exit, lost, stacks, thread_control};
use plan9_abi::layout::ERRMAX;
use plan9_abi::sys::process;
use plan9_abi::{note, ureg};

/// What FXSAVE writes.
#[repr(C, align(16))]
pub struct Vectors([u8; 512]);

/// The note, and what it interrupted.
#[repr(C)]
pub struct Last {
    /// The proc that it came to. First, for the handler.
    pid: AtomicU32,
    tries: AtomicU32,
    /// 1 once the interrupted registers are back: the trap is awaited for the second time.
    pub again: AtomicU32,
    pub text: UnsafeCell<[u8; ERRMAX]>,
    pub registers: UnsafeCell<[u64; ureg::SIZE / 8]>,
    vectors: UnsafeCell<Vectors>,
}

// SAFETY: the thread whose pid stands in it has it to itself.
unsafe impl Sync for Last {}

shared_static! {
    /// The only one.
    pub static LAST: Last = Last {
        pid: AtomicU32::new(0),
        tries: AtomicU32::new(0),
        again: AtomicU32::new(0),
        text: UnsafeCell::new([0; ERRMAX]),
        registers: UnsafeCell::new([0; ureg::SIZE / 8]),
        vectors: UnsafeCell::new(Vectors([0; 512])),
    };
    "__rust_plan9_last_note"
}

/// Where the handler sends the thread, on its own stack, aligned, below what the trap left there.
/// The first time it keeps the vector registers as well.
#[unsafe(naked)]
pub unsafe extern "C" fn leave_handler() {
    naked_asm!(
        "cld",
        "cmp dword ptr [rip + {last} + {tries}], 0",
        "jne 2f",
        "fxsave64 [rip + {last} + {vectors}]",
        "2:",
        "xor ebp, ebp",
        "call {end}",
        "ud2",
        last = sym LAST,
        tries = const offset_of!(Last, tries),
        vectors = const offset_of!(Last, vectors),
        end = sym end,
    )
}

/// Puts the interrupted registers back and goes to the interrupted instruction: the vector
/// registers here, all others by the trap at [`breaks`], whose handler loads them from [`LAST`].
#[unsafe(naked)]
unsafe extern "C" fn do_again() -> ! {
    naked_asm!(
        "fxrstor64 [rip + {last} + {vectors}]",
        "jmp {breaks}",
        last = sym LAST,
        vectors = const offset_of!(Last, vectors),
        breaks = sym breaks,
    )
}

/// One instruction that traps; the handler knows its address.
#[unsafe(naked)]
pub unsafe extern "C" fn breaks() -> ! {
    naked_asm!("ud2")
}

/// Ends the program. The kernel's own notes are told on descriptor 2 first, and after a trap it
/// stays for a debugger.
unsafe extern "C" fn end() -> ! {
    // SAFETY: this thread claimed it, and its handler has filled it.
    let (text, registers) = unsafe { (&*LAST.text.get(), &mut *LAST.registers.get()) };
    let text = CStr::from_bytes_until_nul(text).unwrap_or(c"note");
    let [pc, sp, bp] = [ureg::PC, ureg::SP, ureg::BP].map(|at| registers[at / 8] as usize);
    let tries = LAST.tries.fetch_add(1, SeqCst);
    let Some(thread) = thread_control::current().filter(|_| tries < 3) else {
        // Nothing else has worked: this proc alone.
        process::exits(Some(text))
    };
    let is_kernels = note::is_kernel_text(text.to_bytes());
    if tries == 0 {
        let overflowed = match stacks::is_overflow(thread, sp) {
            true => Some(thread),
            false if is_kernels => lost::overflowed(),
            false => None,
        };
        if let Some(thread) = overflowed {
            stacks::tell(thread);
            exit::exit_with(c"abort")
        }
        if is_kernels {
            exit::own_descriptors();
            // SAFETY: the thread stands here, so its stack above the place stands still.
            unsafe { trap::tell(thread, text.to_bytes(), pc, sp, bp) };
        }
    }
    let repeats = match text.to_bytes() {
        text if note::is_trap(text) => true,
        text if note::is_bad_call(text) => {
            // It is the call that gets the note again, and not what stands behind it.
            registers[ureg::PC / 8] -= CALL.len() as u64;
            // SAFETY: the bytes of the system call that was just made.
            unsafe { ptr::with_exposed_provenance::<[u8; 2]>(pc - CALL.len()).read() == CALL }
        }
        _ => false,
    };
    if tries < 2 && repeats {
        broken::stay(text);
        // SAFETY: the handler has filled the registers, and the program is claimed.
        unsafe { do_again() }
    }
    if exit::STATE.load(SeqCst) == exit::BROKEN {
        // Leaving it for a debugger has failed half way.
        process::exits(Some(text));
    }
    exit::exit_with(text)
}

/// The instruction `syscall`.
const CALL: [u8; 2] = [0x0F, 0x05];
