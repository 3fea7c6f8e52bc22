//! TCP conversations (`ip/tcp.c`, `ip/devip.c`): what one is, and the table of all.
//!
//! The other end of a conversation is in the machine or beyond the host. [`control`] takes the messages to `ctl`,
//! [`call`] brings two ends together, [`splice`] makes one of those that are both inside, [`taker`] says when, [`listen`] hands calls out,
//! [`stream`] moves bytes, [`end`] ends conversations, [`clock`] does what the kernel's timers do, [`host`] is the part of all that talks to a socket of the host.

mod call;
mod clock;
mod control;
mod end;
pub mod host;
mod listen;
pub mod publish;
mod splice;
mod status;
mod stream;
mod taker;

pub use clock::run_timers;
pub use control::control;
pub use end::close_file;
pub use listen::Listen;
pub use status::status;
pub use stream::End;
pub use taker::{tick, unlocked};

use super::address::ANY;
use super::interfaces::Segments;
use crate::dev::{Error, Pid, Result, WaitId, Waits, error};
use crate::qio::{Queue, QueueRef};
use plan9_abi::queue::TCP_LIMIT_UNSCALED;
use std::collections::VecDeque;
use std::net::IpAddr;

/// Window shift that both ends of the machine offer, and before 2025-10-18.
const SHIFT: u32 = 7;
const OLD_SHIFT: u32 = 4;
/// A queue's limit before the ends have agreed on a shift.
const UNSCALED: u64 = TCP_LIMIT_UNSCALED as u64;
/// The limit of the queue of errors, which nothing ever writes.
const ERRORS: u64 = 1024;
/// Conversations of a protocol.
const MAX_CONVERSATIONS: usize = 1024;
/// Ports that calls with `!r` come from, in turn.
const RESTRICTED: std::ops::Range<u16> = 600..1024;

/// Segments of which none is full.
const WHOLE: Segments = Segments { full: usize::MAX, are_lost: false };

/// What a queue says of a reset, of a call that nobody took, and of a write where none is due.
const REFUSED: Error = error("connection refused");
const TIMED_OUT: Error = error("connection timed out");
const HANGUP: Error = error("Hangup");

/// The shift of a kernel that is old or not.
fn shift(old: bool) -> u32 {
    if old { OLD_SHIFT } else { SHIFT }
}

/// How far the protocol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Closed,
    Listen,
    SynSent,
    Established,
    Finwait1,
    Finwait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}

/// How far the program is: a conversation that was connected or announced once cannot be again, even if that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Connecting,
    Connected,
    Announcing,
    Announced,
}

/// One conversation.
pub struct Conversation {
    pub state: State,
    phase: Phase,
    pub local: (IpAddr, u16),
    pub remote: (IpAddr, u16),
    /// Who holds it: open `ctl`, `data` and `err` files, opens of `listen` that wait, the listener whose call it is.
    pub opens: usize,
    pub received: QueueRef,
    pub transmit: QueueRef,
    pub errors: QueueRef,
    /// The other end while there is one that knows of us. Where the two are spliced it stays until we close, whoever has
    /// that number by then.
    peer: Option<usize>,
    spliced: bool,
    /// `bind` has moved our end: what the peer sends finds nobody.
    unheard: bool,
    /// How the interface cuts its stream, if that is not spliced; and a full segment that was lost: the stream stands still.
    segments: Segments,
    stands_still: bool,
    /// Bytes that have come, and how many the peer may have sent by now.
    came: u64,
    edge: u64,
    /// What leads to a peer beyond the host.
    host: Option<host::Link>,
    /// When its timer rings, in nanoseconds of the machine's clock; 0 if it does not.
    due: u64,
    /// How often the call was repeated.
    tries: u32,
    /// The interval of keepalives in ticks of the protocol's clock; 0 for none.
    keepalive: u64,
    /// Our end of the stream follows what is in the transmit queue.
    ending: bool,
    /// Why `connect` failed.
    failure: Option<Error>,
    incoming: VecDeque<usize>,
    /// Who waits in the open of `listen`; others wait for that one.
    listening: Option<Pid>,
    pub wait: WaitId,
    pub started_ns: u64,
}

/// All of them; a slot's place is its number. A slot is used again when nobody holds it and its state is Closed.
#[derive(Default)]
pub struct Tcp {
    pub slots: Vec<Conversation>,
    next_port: u16,
    next_restricted: u16,
    /// The kernel's process that takes the segments.
    taker: taker::Taker,
}

impl Tcp {
    /// A new conversation in the lowest free slot, held once.
    pub fn fresh(&mut self, waits: &mut Waits, now: u64) -> Result<usize> {
        let free = |c: &Conversation| c.opens == 0 && c.state == State::Closed;
        let place = self.slots.iter().position(free).unwrap_or(self.slots.len());
        if place >= MAX_CONVERSATIONS {
            return Err(error("no free devices"));
        }
        if place == self.slots.len() {
            self.slots.push(Conversation::new(waits));
        }
        self.slots[place].renew(now);
        Ok(place)
    }

    pub fn get(&mut self, n: usize) -> Result<&mut Conversation> {
        self.slots.get_mut(n).ok_or(error("file does not exist"))
    }

    fn listener(&self, to: (IpAddr, u16)) -> Option<usize> {
        let on = |host: IpAddr| {
            let local = (host, to.1);
            self.slots.iter().position(|c| c.state == State::Listen && c.local == local)
        };
        on(to.0).or_else(|| on(ANY))
    }

    fn free_port(&mut self) -> u16 {
        loop {
            self.next_port = match self.next_port {
                0 => 32_768 + (std::process::id() as u16 % 16_384),
                65_535 => 32_768,
                port => port + 1,
            };
            if !self.has_port(self.next_port) {
                return self.next_port;
            }
        }
    }

    /// A port for a call with `!r`.
    fn restricted_port(&mut self) -> Option<u16> {
        RESTRICTED.map(|_| ()).find_map(|()| {
            let port = self.next_restricted.max(RESTRICTED.start);
            self.next_restricted = if port + 1 < RESTRICTED.end { port + 1 } else { 0 };
            (!self.has_port(port)).then_some(port)
        })
    }

    fn has_port(&self, port: u16) -> bool {
        self.slots.iter().any(|c| c.local.1 == port)
    }

    /// Another conversation has this local end towards the same remote one.
    fn is_taken(&self, n: usize, local: (IpAddr, u16)) -> bool {
        let remote = self.slots[n].remote;
        let holds = |c: &Conversation| matches!(c.phase, Phase::Connected | Phase::Announced);
        self.slots
            .iter()
            .enumerate()
            .any(|(other, c)| other != n && holds(c) && c.local == local && c.remote == remote)
    }
}

impl Conversation {
    fn new(waits: &mut Waits) -> Conversation {
        Conversation {
            state: State::Closed,
            phase: Phase::Idle,
            local: (ANY, 0),
            remote: (ANY, 0),
            opens: 0,
            received: Queue::new(waits, UNSCALED, true),
            transmit: Queue::new(waits, UNSCALED, true),
            errors: Queue::new(waits, ERRORS, false),
            peer: None,
            spliced: false,
            unheard: false,
            segments: WHOLE,
            stands_still: false,
            came: 0,
            edge: 0,
            host: None,
            due: 0,
            tries: 0,
            keepalive: 0,
            ending: false,
            failure: None,
            incoming: VecDeque::new(),
            listening: None,
            wait: waits.fresh(),
            started_ns: 0,
        }
    }

    /// What the clone file makes of a slot (`ip/devip.c:Fsprotoclone`). What is still in the queues stays there.
    fn renew(&mut self, now: u64) {
        self.received.borrow_mut().reopen(UNSCALED);
        self.transmit.borrow_mut().reopen(UNSCALED);
        self.errors.borrow_mut().reopen(ERRORS);
        (self.local, self.remote) = ((ANY, 0), (ANY, 0));
        (self.phase, self.opens, self.started_ns) = (Phase::Idle, 1, now);
        self.renew_protocol();
    }

    /// What a call or an announcement begins with (`ip/tcp.c:inittcpctl`).
    fn renew_protocol(&mut self) {
        (self.peer, self.host, self.failure) = (None, None, None);
        (self.spliced, self.unheard, self.ending) = (false, false, false);
        (self.segments, self.stands_still, self.came, self.edge) = (WHOLE, false, 0, 0);
        (self.due, self.tries, self.keepalive) = (0, 0, 0);
    }
}
