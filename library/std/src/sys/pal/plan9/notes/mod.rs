//! Notes: what the kernel and other programs tell a proc at any instruction.
//!
//! The handler is assembly ([`arch::note_handler`]) and touches no vector register, for kernels
//! before 2025-04-05 kill a proc that does so in a handler. What it does is decided by the
//! program's state ([`exit::STATE`](crate::sys::pal::exit::STATE)), the note's text and the proc.
//! The first line that fits counts:
//!
//! | state | note | proc | what happens |
//! |---|---|---|---|
//! | any | any | a child between fork and exec | the kernel's default: it ends |
//! | `READY` | the kernel's, but `write on closed pipe` | the one that ends the program | exits |
//! | `READY` | any other | the one that ends the program | resumes |
//! | `READY` | any | any other | exits, with the program's status |
//! | `CLAIMED` | any | any | resumes |
//! | `BROKEN` | the trap in [`arch::restore`] | the one that trapped | goes to its trap again |
//! | `BROKEN` | that trap, or `alarm` | the same, later | the kernel's default: it breaks |
//! | `BROKEN` | the kernel's, earlier | the same | [`fatal`] goes on with less |
//! | `BROKEN` | `proc N: TEXT` | main | breaks |
//! | `BROKEN` | any other | any | resumes |
//! | `RUNNING` | a deadline's | any | counted in the slot if it is its operation's; resumes |
//! | `RUNNING` | `sys: write on closed pipe` | any | resumes: the write fails |
//! | `RUNNING` | not the kernel's, if notes are watched | any | into the [`queue`]; resumes |
//! | `RUNNING` | any other | a thread | ends the program: see [`fatal`] |
//! | `RUNNING` | the kernel's | a thread that is just beginning | the kernel's default |
//! | `RUNNING` | not the kernel's | a thread that is just beginning | resumes |
//! | `RUNNING` | any other | not a thread of the program | the kernel's default |

mod fatal;
pub mod fatal_note;
pub mod queue;
pub mod ring;
mod trap;

use plan9_abi::sys::note;

use crate::sys::pal::arch;

/// Sets the handler of the main proc; threads inherit it. In a program of std's own tests it is
/// that of the std under them.
#[cfg_attr(test, expect(dead_code))]
pub fn install() {
    // SAFETY: the handler follows the kernel's convention and ends in noted or exits.
    let _ = unsafe { note::notify(arch::note_handler as *const ()) };
}
