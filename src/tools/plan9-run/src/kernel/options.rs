//! What the command line chose.

use super::inject::Plan;
use clap::ValueEnum;
use std::path::PathBuf;

/// The kernel that the machine is true to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Edition {
    /// 9front of spring 2024.
    #[value(name = "2024-04")]
    April2024,
    /// 9front of November 2025.
    #[default]
    #[value(name = "2025-11")]
    November2025,
}

/// Procs of a machine, at most: one of 780 MB has them (`pc64/main.c:confinit`).
pub const MAX_PROCS: usize = 4000;

/// How the machine behaves.
#[derive(Clone, Debug)]
pub struct Options {
    pub edition: Edition,
    /// Kills what an older kernel would kill.
    pub strict: bool,
    /// TCP between two programs of the machine is a pair of pipes, as on the kernel since 2025-10-19.
    pub splice: bool,
    /// The longest packet of the loopback interface in bytes, if it is not what its kernel's and its kind's is.
    pub mtu: Option<u32>,
    /// A way leads through the host to what lies beyond the machine's network.
    pub gateway: bool,
    /// The host folder that is `/`.
    pub root: PathBuf,
    /// Procs that there can be at once, broken ones among them.
    pub procs: usize,
    /// A directory that is an empty tree in memory.
    pub ramfs: Option<String>,
    /// What is bound before what at the start.
    pub binds: Vec<(String, String)>,
    /// What the first program's environment has beside the host's variables, or in their places.
    pub variables: Vec<(String, Vec<u8>)>,
    /// One line a system call, on standard error.
    pub trace: bool,
    /// Counts of system calls at the end.
    pub stats: bool,
    /// Notes at every instruction of timed operations.
    pub inject: Option<Plan>,
    /// Holds procs up at moments that this seed gives.
    pub chaos: Option<u64>,
    /// The value of `$user` and of `/dev/user`.
    pub user: String,
    /// The text of the database of network names, instead of what is built in and what the host knows.
    pub ndb: Option<String>,
    /// Ports of the host, each with the port of the machine that its calls go to.
    pub publish: Vec<(u16, u16)>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            edition: Edition::default(),
            strict: false,
            splice: true,
            mtu: None,
            gateway: true,
            root: PathBuf::from("/"),
            procs: MAX_PROCS,
            ramfs: None,
            binds: Vec::new(),
            variables: Vec::new(),
            trace: false,
            stats: false,
            inject: None,
            chaos: None,
            user: "glenda".into(),
            ndb: None,
            publish: Vec::new(),
        }
    }
}

impl Options {
    /// A kernel of spring 2024.
    pub fn old(&self) -> bool {
        self.edition == Edition::April2024
    }

    /// The longest packet of the loopback interface, if it is not the medium's: of a kernel before 2024-05-12, and of a
    /// machine whose TCP is as towards another one, where no link has packets that long.
    pub fn loopback_mtu(&self) -> Option<u32> {
        const BEFORE_2024_05: u32 = 16 * 1024;
        const OF_A_LINK: u32 = 65_535;
        let kind = match (self.old(), self.splice) {
            (true, _) => Some(BEFORE_2024_05),
            (false, true) => None,
            (false, false) => Some(OF_A_LINK),
        };
        self.mtu.or(kind)
    }

    /// Before 2025-04-05: the floating-point unit is off in a note handler.
    pub fn forbids_fp_in_handler(&self) -> bool {
        self.strict || self.old()
    }

    /// Before 2025-04-16: `noted` outside a handler kills.
    pub fn forbids_stray_noted(&self) -> bool {
        self.strict || self.old()
    }

    /// Before 2025-04-16: the word at the stack pointer must be mapped at a system call.
    pub fn wants_return_address(&self) -> bool {
        self.strict || self.old()
    }
}
