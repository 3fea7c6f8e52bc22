//! The interface between Plan 9's kernel and its programs, each number and offset once.
//!
//! Both sides of the system-call boundary use this crate: `std` (and any program without it) calls the kernel through
//! it, and `plan9-run`, the embedded machine, answers the calls by it, so the two can never disagree about a number or
//! an offset. It is `no_std`, allocates nothing, and builds on the host as an ordinary crate, where its pure parts are
//! tested.
//!
//! Sources named in the documentation are those of 9front: `sysproc.c` means `sys/src/9/port/sysproc.c`, `man 2/exec`
//! the manual page.

#![no_std]

#[cfg(test)]
extern crate std;

pub mod addr;
pub mod aout;
pub mod dir;
pub mod errors;
pub mod flags;
pub mod layout;
pub mod note;
pub mod queue;
#[cfg(all(target_os = "plan9", target_arch = "x86_64"))]
pub mod sys;
#[cfg(all(target_os = "plan9", target_arch = "x86_64"))]
pub mod syscall;
pub mod sysno;
pub mod tos;
pub mod ureg;
