//! A proc, as devices see it.

use crate::dev::Pid;

/// What a note does when nobody handles it (`port/portdat.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// NUser: posted by a program.
    User,
    /// NExit: kills silently.
    Exit,
    /// NDebug: prints `suicide:` when it kills.
    Debug,
}

/// One proc.
pub struct Proc {
    pub pid: Pid,
    pub ppid: Pid,
    /// The last element of the executable's name, `/proc/N/status`.
    pub name: String,
    /// `/proc/N/args`: the first bytes of the arguments, %q-quoted.
    pub args: Vec<u8>,
    pub user: String,
    pub noteid: u32,
    /// The state word of `/proc/N/status`: `Semacquire`, `Pread`, `Running` ...
    pub state: String,
    /// Address ranges of the segments with their names, for `/proc/N/segment`.
    pub segments: Vec<(String, u64, u64)>,
    /// When it started, on the machine's monotonic clock.
    pub started_ns: u64,
    /// The path exec was given, for `/proc/N/text`.
    pub text: String,
    pub errstr: Vec<u8>,
}
