//! A proc: what the kernel keeps of one process (`port/portdat.h`).

use super::memory::Space;
use super::tracee::{Regs, Tracee};
use crate::dev::{Breakable, Operation, Pid, WaitId};
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

/// A system call that waits.
pub struct Blocked {
    pub operation: Box<dyn Operation>,
    pub finish: Finish,
    pub on: Option<(WaitId, Breakable)>,
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
    /// The state word of `/proc/N/status`: `Semacquire`, `Pread`, `Running` ...
    pub state: String,
    /// When it started, on the machine's monotonic clock.
    pub started_ns: u64,
    /// The path exec was given, for `/proc/N/text`.
    pub text: String,
    pub errstr: Vec<u8>,

    pub(crate) tracee: Option<Tracee>,
    pub(crate) regs: Option<Regs>,
    pub(crate) at: State,
    pub(crate) call: Call,
    pub(crate) space: Space,
    pub(crate) blocked: Option<Blocked>,
    pub(crate) stop_asked: bool,
    pub(crate) kill_asked: bool,
    pub(crate) notes: VecDeque<Note>,
    pub(crate) notify: u64,
    pub(crate) notified: bool,
    pub(crate) notepending: bool,
    /// The Ureg of the note being handled; each links to that of an outer one.
    pub(crate) noteureg: u64,
    pub(crate) last_note: Option<Note>,
    pub(crate) saved_fp: Option<Vec<u8>>,
    pub(crate) children: u32,
    /// Newest first.
    pub(crate) wait_records: VecDeque<WaitRecord>,
    pub(crate) wait: WaitId,
    pub(crate) wait_busy: bool,
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
            state: "Ready".into(),
            started_ns: 0,
            text: String::new(),
            errstr: Vec::new(),
            tracee: None,
            regs: None,
            at: State::Kernel,
            call: Call::default(),
            space: Space::new(),
            blocked: None,
            stop_asked: false,
            kill_asked: false,
            notes: VecDeque::new(),
            notify: 0,
            notified: false,
            notepending: false,
            noteureg: 0,
            last_note: None,
            saved_fp: None,
            children: 0,
            wait_records: VecDeque::new(),
            wait,
            wait_busy: false,
            alarm: None,
            rendezvous_group: Rc::new(()),
        }
    }

    /// Name, range and number of users of each segment, for `/proc/N/segment`.
    pub fn segments(&self) -> Vec<(&'static str, bool, u64, u64, usize)> {
        let show = |s: &Rc<super::memory::Segment>| {
            (s.name(), s.writable(), s.base, s.top(), Rc::strong_count(s))
        };
        self.space.iter().map(show).collect()
    }
}
