//! The kernel's state in one place, and what devices may ask of it.
//!
//! One thread owns everything here. A proc is a Linux process that is stopped whenever this thread looks at its
//! registers or memory; procs run side by side, the kernel does not.

mod calls;
mod chaos;
mod cycles;
mod debug;
mod dice;
mod entry;
mod exec;
pub mod exits;
mod fp;
mod handler;
pub mod inject;
pub mod memory;
mod notes;
pub mod options;
pub mod proc;
pub mod quote;
mod rfork;
mod run;
mod semaphore;
mod sleep;
mod spell;
pub mod timers;
mod trace;
pub mod tracee;
mod trap;
pub mod tsc;
mod user;

pub use debug::Shown;
pub use options::{Edition, MAX_PROCS, Options};
pub use proc::{NoteKind, Proc};

use crate::dev::{Pid, WaitId, Waits};
use crate::{chan, ip, mnt, pipe};
use plan9_abi::layout::STACK_FILL;
use std::collections::{BTreeMap, HashMap, VecDeque};
use timers::Timers;

/// The machine.
pub struct Kernel {
    pub options: Options,
    pub waits: Waits,
    pub procs: BTreeMap<Pid, Proc>,
    pub timers: Timers,
    pub stats: trace::Stats,
    pub net: ip::Stack,
    pub pipes: pipe::Pipes,
    pub files: chan::Files,
    pub mounts: mnt::Mounts,
    /// Who waits on what, in the order in which they began.
    waiters: HashMap<WaitId, VecDeque<Pid>>,
    semaphores: Vec<semaphore::Waiter>,
    meetings: Vec<semaphore::Meeting>,
    tids: HashMap<libc::pid_t, Pid>,
    stack_pattern: memory::MemoryFile,
    /// Somebody reads the kernel's own messages.
    pub kprint_open: bool,
    pub dice: dice::Dice,
    chaos: Option<chaos::Chaos>,
    /// Stops of tracees that were seen before their turn.
    stops: Vec<(libc::pid_t, tracee::Stop)>,
    /// Broken procs, the oldest first.
    broken: VecDeque<Pid>,
    inject: Option<inject::Injection>,
    last_pid: Pid,
    /// The proc whose end is the machine's.
    first: Pid,
    status: Option<Vec<u8>>,
}

impl Kernel {
    /// A machine with no procs yet.
    ///
    /// # Panics
    ///
    /// If the host has no memory for a stack.
    pub fn new(options: Options) -> Kernel {
        let old = options.edition == Edition::April2024;
        let mut waits = Waits::default();
        let net = ip::Stack::new(&options, &mut waits);
        let seed = options.chaos;
        let chaos = seed.map(|seed| chaos::Chaos::new(seed, waits.fresh()));
        let inject = options.inject.clone().map(inject::Injection::new);
        Kernel {
            options,
            waits,
            procs: BTreeMap::new(),
            timers: Timers::default(),
            stats: trace::Stats::default(),
            net,
            pipes: pipe::Pipes::default(),
            files: chan::Files::default(),
            mounts: mnt::Mounts::default(),
            waiters: HashMap::new(),
            semaphores: Vec::new(),
            meetings: Vec::new(),
            tids: HashMap::new(),
            stack_pattern: memory::stack_pattern(if old { 0 } else { STACK_FILL })
                .expect("the host has 16 MiB for a stack"),
            kprint_open: false,
            dice: dice::Dice::new(seed),
            chaos,
            stops: Vec::new(),
            broken: VecDeque::new(),
            inject,
            last_pid: 0,
            first: 0,
            status: None,
        }
    }

    /// A living proc.
    pub fn proc(&self, pid: Pid) -> Option<&Proc> {
        self.procs.get(&pid)
    }

    /// What `--inject` did, as one line.
    pub fn inject_report(&self) -> Option<String> {
        self.inject.as_ref().map(inject::Injection::report)
    }

    /// Real time in nanoseconds since 1970, which the program sees in `/dev/bintime` and `nsec`.
    pub fn now_ns(&self) -> u64 {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos() as u64)
    }

    /// Monotonic nanoseconds since the machine started.
    pub fn mono_ns(&self) -> u64 {
        self.timers.mono_ns()
    }
}
