//! The slot protocol as std compiles it, taken from the same source file, so that a model checker can try every
//! interleaving of its owner, the deadline thread and the note handler on the host.

#[path = "../../../../library/std/src/sys/pal/plan9/deadline/slot.rs"]
pub mod slot;
