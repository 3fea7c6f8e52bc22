//! What the command line chose.

use std::path::PathBuf;

/// How the machine behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// TCP between two programs of the machine is a pair of pipes, as on the kernel since 2025-10-19.
    pub splice: bool,
    /// The host folder that is `/`.
    pub root: PathBuf,
    /// One line a system call, on standard error.
    pub trace: bool,
    /// Counts of system calls at the end.
    pub stats: bool,
    /// The value of `$user` and of `/dev/user`.
    pub user: String,
    /// The text of the database of network names, instead of what is built in and what the host knows.
    pub ndb: Option<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            splice: true,
            root: PathBuf::from("/"),
            trace: false,
            stats: false,
            user: "glenda".into(),
            ndb: None,
        }
    }
}
