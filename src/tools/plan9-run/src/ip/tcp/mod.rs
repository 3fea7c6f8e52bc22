//! TCP conversations (`ip/tcp.c`): what one is, and the table of all.
//!
//! The other end of a conversation is in the machine or beyond the host. [`call`] brings two ends together, [`stream`]
//! moves their bytes and ends them, [`host`] is the part of both that talks to a socket of the host.

mod call;
pub mod host;
pub mod publish;
mod stream;

pub use call::{Connect, Listen, announce, run_handshakes};
pub use stream::{End, close, close_file, hangup};

use super::address::ANY;
use crate::dev::{Error, Result, WaitId, Waits, error};
use crate::qio::{Queue, QueueRef};
use plan9_abi::queue::TCP_LIMIT_UNSCALED;
use std::collections::VecDeque;
use std::net::IpAddr;

/// Window shift that both ends of the machine offer.
const SHIFT: u32 = 7;
/// Transmit limit and receive window with that shift.
const SCALED: u64 = (TCP_LIMIT_UNSCALED as u64) << SHIFT;
/// Conversations of a protocol.
const MAX_CONVERSATIONS: usize = 1024;

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
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Closed => "Closed",
            State::Listen => "Listen",
            State::SynSent => "Syn_sent",
            State::Established => "Established",
            State::Finwait1 => "Finwait1",
            State::Finwait2 => "Finwait2",
            State::CloseWait => "Close_wait",
            State::Closing => "Closing",
            State::LastAck => "Last_ack",
        }
    }
}

/// One conversation.
pub struct Conversation {
    pub state: State,
    pub local: (IpAddr, u16),
    pub remote: (IpAddr, u16),
    /// Open `ctl`, `data`, `err` and `listen` files.
    pub opens: usize,
    /// Went through `connect` or `announce` before.
    used: bool,
    pub received: QueueRef,
    pub transmit: QueueRef,
    /// The other end while it knows of us.
    peer: Option<usize>,
    spliced: bool,
    /// What leads to a peer beyond the host.
    host: Option<host::Link>,
    /// When the handshake that is under way ends, in nanoseconds of the machine's clock.
    meets_at: u64,
    /// The other end has sent all it will: the queue closes when that has arrived.
    ending: bool,
    /// Why `connect` failed.
    failure: Option<Error>,
    incoming: VecDeque<usize>,
    pub wait: WaitId,
    pub ttl: u32,
    pub started_ns: u64,
}

/// All of them; a slot's place is its number.
#[derive(Default)]
pub struct Tcp {
    pub slots: Vec<Option<Conversation>>,
    next_port: u16,
}

impl Tcp {
    /// A new conversation in the lowest free slot.
    pub fn fresh(&mut self, waits: &mut Waits, now: u64) -> Result<usize> {
        let place = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        if place >= MAX_CONVERSATIONS {
            return Err(error("no free devices"));
        }
        if place == self.slots.len() {
            self.slots.push(None);
        }
        self.slots[place] = Some(Conversation {
            state: State::Closed,
            local: (ANY, 0),
            remote: (ANY, 0),
            opens: 0,
            used: false,
            received: Queue::new(waits, SCALED, true),
            transmit: Queue::new(waits, SCALED, true),
            peer: None,
            spliced: false,
            host: None,
            meets_at: 0,
            ending: false,
            failure: None,
            incoming: VecDeque::new(),
            wait: waits.fresh(),
            ttl: 255,
            started_ns: now,
        });
        Ok(place)
    }

    pub fn get(&mut self, n: usize) -> Result<&mut Conversation> {
        let slot = self.slots.get_mut(n).and_then(Option::as_mut);
        slot.ok_or(error("file does not exist"))
    }

    fn listener(&self, to: (IpAddr, u16)) -> Option<usize> {
        let fits = |c: &Conversation| {
            c.state == State::Listen
                && c.local.1 == to.1
                && (c.local.0 == to.0 || c.local.0 == ANY || c.local.0.is_unspecified())
        };
        let exact =
            |c: &&Option<Conversation>| c.as_ref().is_some_and(|c| fits(c) && c.local.0 == to.0);
        self.slots
            .iter()
            .position(|c| exact(&c))
            .or_else(|| self.slots.iter().position(|c| c.as_ref().is_some_and(fits)))
    }

    fn free_port(&mut self) -> u16 {
        loop {
            self.next_port = match self.next_port {
                0 => 32_768 + (std::process::id() as u16 % 16_384),
                65_535 => 32_768,
                port => port + 1,
            };
            let port = self.next_port;
            if !self.slots.iter().flatten().any(|c| c.local.1 == port) {
                return port;
            }
        }
    }
}

/// The line of `status` (`ip/tcp.c:tcpstate`). Timers and rates are those of a wire that takes no time.
pub fn status(conversation: &Conversation) -> String {
    let qin = conversation.received.borrow().length();
    let qout = conversation.transmit.borrow().length();
    let (theirs, ours) = conversation.host.as_ref().map_or((SHIFT, SHIFT), |link| link.shifts);
    let swin = u64::from(TCP_LIMIT_UNSCALED) << theirs;
    let rwin = u64::from(TCP_LIMIT_UNSCALED) << ours;
    format!(
        "{} qin {qin} qout {qout} rq 0.0 ovl 0 srtt 0>>3 mdev 0 timer 0/0 sst 65535 cwin 65535 swin {swin}>>{theirs} rwin {rwin}>>{ours} ka 0/0 0\n",
        conversation.state.name()
    )
}
