//! The interface between Plan 9's kernel and its programs, each number and offset once.
//!
//! Both sides of the system-call boundary use this crate: `std` (and any program without it) calls
//! the kernel through it, and `plan9-run`, the embedded machine, answers the calls by it, so the
//! two can never disagree about a number or an offset. It is `no_std`, allocates nothing, and
//! builds on the host as an ordinary crate, where its pure parts are tested.
//!
//! Sources named in the documentation are those of 9front: `sysproc.c` means
//! `sys/src/9/port/sysproc.c`, `man 2/exec` the manual page.
//!
//! # Kernels
//!
//! The kernel written for is 9front of 2025-11. What others lack is found out at run time, once,
//! and replaced:
//!
//! | what | where it is | how its absence shows | instead |
//! |---|---|---|---|
//! | monotonic time in `/dev/bintime` | 9front since 2025-04-07 | 24 bytes | ticks, and their rate |
//! | ctl `interrupt` | 9front | the write fails | deadlines and sleeps of 1 ms |
//! | ctl `hangupxmit` | 9legacy | `unknown control request` | no shutdown of one half |
//! | ctl `close` | not in the 4th edition | the write fails | the error is reported |
//! | floating point in a note handler | 9front since 2025-04-05 | the proc is killed | never used |
//! | R14, R15 kept by a system call | not on 9k | not at all | nothing but RSP is relied on |
//! | zeros in a fresh stack | until 2025-08-16 | not at all | private words are written first |
//! | an interruptible wait of a second reader | 9front | not at all | callers queue in user space |
//! | `TEXT: 'path'` in errors, or `'path' TEXT` | 9front, or the 4th edition | not at all | both are stepped over ([`errors`]) |

#![no_std]

#[cfg(test)]
extern crate std;

pub mod addr;
pub mod aout;
pub mod dir;
pub mod errors;
pub mod flags;
pub mod history;
pub mod layout;
pub mod lines;
pub mod note;
pub mod queue;
pub mod symbols;
#[cfg(all(target_os = "plan9", target_arch = "x86_64"))]
pub mod sys;
#[cfg(all(target_os = "plan9", target_arch = "x86_64"))]
pub mod syscall;
pub mod sysno;
pub mod tos;
pub mod udp;
pub mod ureg;
