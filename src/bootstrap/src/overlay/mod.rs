//! A fork without a copy: upstream's pristine `library/`, ours laid over it, hooks applied.
//!
//! The whole result is planned first, from pristine text only, and written afterwards. So a hook that does not fit
//! leaves the earlier tree as it was, and the outcome never depends on what an earlier run left behind.

mod hook;
mod manifest;
mod place;
mod plan;
mod write;

pub use hook::{Hook, read_all as read_hooks};
pub use manifest::{cut, is_cut};
#[cfg(test)]
pub use place::Count;
pub use place::apply;
pub use plan::{Plan, Purpose, Source, listed as own_files, plan};
pub use write::write;
