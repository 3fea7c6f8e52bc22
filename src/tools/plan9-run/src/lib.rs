//! `plan9-run`: a user-mode Plan 9 kernel for Linux, so that programs for Plan 9 run where there is none.
//!
//! It is true to the kernel, not to any one program: each module names the kernel file whose rules it follows. One
//! thread owns all kernel state; each proc is a Linux process under ptrace.

pub mod chan;
pub mod cli;
pub mod dev;
pub mod devices;
pub mod ip;
pub mod kernel;
pub mod mnt;
pub mod pipe;
pub mod program;
pub mod qio;
pub mod remote;
