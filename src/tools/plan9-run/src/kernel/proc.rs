//! A proc: what the kernel keeps of one process (`port/portdat.h`).

use super::cycles::Cycles;
use super::memory::Space;
use super::tracee::{Regs, Tracee};
use crate::dev::{Breakable, Operation, Pid, WaitId};
use plan9_abi::sysno;
use std::collections::VecDeque;
use std::rc::Rc;

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

/// A note that waits for delivery, or the one delivered last.
#[derive(Clone, Debug)]
pub struct Note {
    pub text: Vec<u8>,
    pub kind: NoteKind,
    /// Posted to a group: the text is common to several procs, so no ` pc=` is added to it.
    pub shared: bool,
}

/// What a proc's parent learns of its death.
#[derive(Clone, Debug)]
pub struct WaitRecord {
    pub pid: Pid,
    /// User, system and real time in milliseconds.
    pub times: [u64; 3],
    pub text: Vec<u8>,
}

/// What is done with an operation's answer.
pub type Finish = crate::chan::Finish;

/// What follows a wait.
pub enum Then {
    /// The system call has its result.
    Finish(Finish),
    /// A file server has answered, and the system call runs again from its beginning ([`crate::mnt`]).
    Again,
}

/// A system call that waits.
pub struct Blocked {
    pub operation: Box<dyn Operation>,
    pub then: Then,
    pub on: Option<(WaitId, Breakable)>,
}

impl Blocked {
    /// Whether it was never stepped.
    pub fn is_new(&self) -> bool {
        self.on.is_none()
    }

    /// Whether ctl `kill` is still to break it.
    pub fn breaks_when_killed(&self) -> bool {
        !matches!(self.on, Some((_, Breakable::OnceKilled)))
    }
}

/// Where a proc stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// In user mode.
    User,
    /// In a system call, perhaps waiting.
    Kernel,
    /// Held by ctl `stop`.
    Stopped,
    /// Dead of a trap and kept to be looked at.
    Broken,
}

/// The system call under way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Call {
    pub number: u64,
    pub args: [u64; 5],
}

/// One proc.
pub struct Proc {
    pub pid: Pid,
    /// 0 if nobody waits for it.
    pub ppid: Pid,
    /// The last element of the executable's name, `/proc/N/status`.
    pub name: String,
    /// `/proc/N/args`: the first bytes of the arguments, NUL-terminated each, or what was written there.
    pub args: Vec<u8>,
    /// `args` was written through `/proc`.
    pub args_set: bool,
    pub user: String,
    pub noteid: u32,
    /// When it started, on the machine's monotonic clock.
    pub started_ns: u64,
    /// The path exec was given, for `/proc/N/text`.
    pub text: String,
    pub errstr: Vec<u8>,

    pub(crate) tracee: Option<Tracee>,
    pub(crate) regs: Option<Regs>,
    pub(crate) at: State,
    pub(crate) call: Call,
    /// The call and its arguments, with `--trace`.
    pub(crate) call_text: String,
    /// Between a system call's entry and its exit; a trap is none.
    pub(crate) in_call: bool,
    pub(crate) space: Space,
    pub(crate) blocked: Option<Blocked>,
    pub(crate) stop_asked: bool,
    pub(crate) kill_asked: bool,
    /// That kill has woken nobody.
    pub(crate) kill_unheard: bool,
    pub(crate) notes: VecDeque<Note>,
    pub(crate) notify: u64,
    pub(crate) notified: bool,
    pub(crate) notepending: bool,
    /// The Ureg of the note being handled; each links to that of an outer one.
    pub(crate) noteureg: u64,
    pub(crate) last_note: Option<Note>,
    pub(crate) saved_fp: Option<Vec<u8>>,
    /// The instruction that is stepped pushes the flags.
    pub(crate) pushes_flags: bool,
    /// Stops after exec (ctl `hang`).
    pub(crate) hangs: bool,
    /// The fault that was last cured by mapping a segment again: address and program counter.
    pub(crate) mapped_again: Option<(u64, u64)>,
    pub(crate) cycles: Cycles,
    /// User and system time in milliseconds of the children that are gone.
    pub(crate) children_times: [u64; 2],
    pub(crate) children: u32,
    /// Newest first.
    pub(crate) wait_records: VecDeque<WaitRecord>,
    pub(crate) wait: WaitId,
    pub(crate) wait_busy: bool,
    /// What chaos does to it.
    pub(crate) fate: Option<super::chaos::Fate>,
    /// When `alarm` rings.
    pub(crate) alarm: Option<u64>,
    pub(crate) rendezvous_group: Rc<()>,
}

impl Proc {
    /// A proc with no memory and no body; tests of devices need no more.
    pub fn new(pid: Pid, wait: WaitId) -> Proc {
        Proc {
            pid,
            ppid: 0,
            name: String::new(),
            args: Vec::new(),
            args_set: false,
            user: String::new(),
            noteid: pid,
            started_ns: 0,
            text: String::new(),
            errstr: Vec::new(),
            tracee: None,
            regs: None,
            at: State::Kernel,
            call: Call::default(),
            call_text: String::new(),
            in_call: false,
            space: Space::new(),
            blocked: None,
            stop_asked: false,
            kill_asked: false,
            kill_unheard: false,
            notes: VecDeque::new(),
            notify: 0,
            notified: false,
            notepending: false,
            noteureg: 0,
            last_note: None,
            saved_fp: None,
            pushes_flags: false,
            hangs: false,
            mapped_again: None,
            cycles: Cycles::new(),
            children_times: [0; 2],
            children: 0,
            wait_records: VecDeque::new(),
            wait,
            wait_busy: false,
            fate: None,
            alarm: None,
            rendezvous_group: Rc::new(()),
        }
    }

    /// It runs nothing until somebody lets it: stopped, or broken.
    pub fn stands(&self) -> bool {
        matches!(self.at, State::Stopped | State::Broken)
    }

    /// Woken when it stops, ends, or loses a child.
    pub fn wait(&self) -> WaitId {
        self.wait
    }

    /// Whether it stops after its next exec (ctl `hang`).
    pub fn set_hang(&mut self, hangs: bool) {
        self.hangs = hangs;
    }

    /// The state word of `/proc/N/status`: a system call's name with a capital, or the scheduler's word.
    pub fn state(&self) -> String {
        match self.at {
            State::User => "Running".into(),
            State::Stopped => "Stopped".into(),
            State::Broken => "Broken".into(),
            State::Kernel => {
                let number = self.call.number as usize;
                let name = sysno::describe(number).map_or("Running", |(name, _)| name);
                let mut letters = name.trim_matches('_').chars();
                let first = letters.next().into_iter().flat_map(char::to_uppercase);
                first.chain(letters).collect()
            }
        }
    }
}
