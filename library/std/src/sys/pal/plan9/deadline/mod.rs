//! Deadlines of blocking calls: the slot of a thread, and the rule by which an interrupted write is counted.

pub mod slot;
pub mod write_rule;
