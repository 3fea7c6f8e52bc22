//! The pure parts of std's deadlines as std compiles them, from the same source files, so that the host can try every
//! interleaving of the slot's owner, the deadline thread and the note handlers, of waiters with those who wake them, of
//! settings with those who change them, and the write rule against a queue.

/// The path by which the files name each other in std.
mod sys {
    pub mod pal {
        pub mod deadline {
            pub use crate::slot;
        }
    }
}

#[path = "../../../../library/std/src/sys/pal/plan9/deadline/slot.rs"]
pub mod slot;

#[path = "../../../../library/std/src/sys/pal/plan9/notes/ring.rs"]
pub mod ring;

#[path = "../../../../library/std/src/sys/pal/plan9/deadline/schedule.rs"]
pub mod schedule;

#[path = "../../../../library/std/src/sys/pal/plan9/deadline/pause.rs"]
pub mod pause;

#[path = "../../../../library/std/src/sys/pal/plan9/deadline/timed_wait.rs"]
pub mod timed_wait;

#[path = "../../../../library/std/src/sys/net/connection/plan9/write_rule.rs"]
pub mod write_rule;

#[path = "../../../../library/std/src/sys/net/connection/plan9/settings.rs"]
pub mod settings;

pub mod handler;
