//! A fork without a copy: upstream's pristine `library/`, ours laid over it, hooks applied.
//!
//! The whole result is planned first, from pristine text only, and written afterwards. So a hook that does not fit
//! leaves the earlier tree as it was, and the outcome never depends on what an earlier run left behind.

mod difference;
mod edited;
mod hook;
mod manifest;
mod misfit;
mod place;
mod plan;
mod select;
mod source;
mod version;
mod write;

pub use edited::{Written, copy, written};
pub use hook::{Hook, read_all as read_hooks};
pub use manifest::{cut, is_cut};
pub use misfit::Misfit;
#[cfg(test)]
pub use place::Count;
pub use place::apply;
pub use plan::{Plan, Purpose, attempt, plan};
pub use select::mistaken;
pub use source::{Source, listed as own_files};
pub use version::{Own, VERSIONS, releases};
pub use write::write;
