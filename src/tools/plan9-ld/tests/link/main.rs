//! `plan9-ld` as rustc calls it, over small objects, with each linker of this machine.

mod output;
mod program;
mod refusals;
mod support;
