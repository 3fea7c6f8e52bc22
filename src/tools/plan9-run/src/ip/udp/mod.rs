//! UDP conversations inside the machine (`ip/udp.c`): their slots, addresses and ends.
//!
//! A write is delivered before it returns. Nothing is lost but what the kernel loses too: what finds no room, no way, or
//! is longer than a packet. [`deliver`] carries a datagram, [`files`] is the part of the device, [`control`] what `ctl`
//! takes.

pub mod control;
mod deliver;
pub mod files;
mod queue;

use super::address::ANY;
use crate::dev::{Breakable, Error, Operation, Pid, Result, Step, Value, WaitId, Waits, error};
use crate::kernel::Kernel;
use crate::qio::HUNGUP;
use queue::{Datagrams, DatagramsRef};
use std::collections::VecDeque;
use std::net::IpAddr;

/// Conversations of a protocol.
const MAX_CONVERSATIONS: usize = 1024;
/// Calls that an announced conversation keeps for `listen`.
const MAX_CALLS: usize = 10;
/// The first port that the kernel chooses.
const FIRST_FREE_PORT: u16 = 32_768;

/// How far `connect` or `announce` got. A failed one leaves its conversation on the way for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Connecting,
    Connected,
    Announcing,
    Announced,
}

/// One conversation. A slot stays when it is closed, and is taken again by the next `clone`.
struct Conversation {
    state: State,
    local: (IpAddr, u16),
    remote: (IpAddr, u16),
    /// What datagrams are sent from.
    source: IpAddr,
    /// Addresses stand before the data.
    headers: bool,
    ignore_advice: bool,
    /// Open files, a call that waits for `listen`, and opens of `listen` under way.
    uses: usize,
    received: DatagramsRef,
    errors: DatagramsRef,
    calls: VecDeque<usize>,
    call_came: WaitId,
    /// Groups joined, each on the interface of an address.
    groups: Vec<(IpAddr, IpAddr)>,
}

impl Conversation {
    fn new(waits: &mut Waits) -> Conversation {
        Conversation {
            state: State::Idle,
            local: (ANY, 0),
            remote: (ANY, 0),
            source: ANY,
            headers: false,
            ignore_advice: false,
            uses: 1,
            received: Datagrams::new(waits),
            errors: Datagrams::new(waits),
            calls: VecDeque::new(),
            call_came: waits.fresh(),
            groups: Vec::new(),
        }
    }

    /// It is found by what arrives.
    fn receives(&self) -> bool {
        matches!(self.state, State::Connected | State::Announced)
    }

    /// The line of `status` (`ip/udp.c:udpstate`).
    fn status(&self) -> String {
        let state = if self.uses > 0 { "Open" } else { "Closed" };
        format!("{state} qin {} qout 0\n", self.received.borrow().length())
    }
}

/// All of them; a slot's place is its number.
#[derive(Default)]
pub struct Udp {
    slots: Vec<Conversation>,
    last_port: u16,
}

impl Udp {
    /// The lowest free slot, as new.
    fn fresh(&mut self, waits: &mut Waits) -> Result<usize> {
        let fresh = Conversation::new(waits);
        match self.slots.iter().position(|slot| slot.uses == 0) {
            Some(place) => {
                self.slots[place] = fresh;
                Ok(place)
            }
            None if self.slots.len() < MAX_CONVERSATIONS => {
                self.slots.push(fresh);
                Ok(self.slots.len() - 1)
            }
            None => Err(error("no free devices")),
        }
    }

    fn get(&mut self, n: usize) -> Result<&mut Conversation> {
        self.slots.get_mut(n).ok_or(error("file does not exist"))
    }

    fn free_port(&mut self) -> u16 {
        loop {
            self.last_port = match self.last_port {
                0 => FIRST_FREE_PORT + (std::process::id() as u16 % 16_384),
                u16::MAX => FIRST_FREE_PORT,
                port => port + 1,
            };
            let port = self.last_port;
            if self.slots.iter().all(|slot| slot.local.1 != port) {
                return port;
            }
        }
    }

    /// Another conversation has these four.
    fn is_taken(&self, n: usize, local: (IpAddr, u16)) -> bool {
        let remote = self.slots[n].remote;
        self.slots.iter().enumerate().any(|(other, slot)| {
            other != n && slot.receives() && slot.local == local && slot.remote == remote
        })
    }
}

/// One of its files was closed, or a call thrown away; with the last, the conversation ends.
fn release(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.udp.get(n) else { return };
    conversation.uses = conversation.uses.saturating_sub(1);
    if conversation.uses > 0 {
        return;
    }
    conversation.received.borrow_mut().close(&mut k.waits);
    conversation.errors.borrow_mut().close(&mut k.waits);
    conversation.state = State::Idle;
    (conversation.local, conversation.remote, conversation.source) = ((ANY, 0), (ANY, 0), ANY);
    conversation.headers = false;
    conversation.groups.clear();
    for call in std::mem::take(&mut conversation.calls) {
        release(k, call);
    }
}

/// The queue ends: with a text of its own, every read behind what is queued fails with it.
fn hangup(k: &mut Kernel, n: usize, why: Error) {
    if let Ok(conversation) = k.net.udp.get(n) {
        conversation.received.borrow_mut().hangup(&mut k.waits, why);
    }
}

/// ctl `hangup`. Who waits in `listen` is not woken, and writes go on.
fn hangup_by_hand(k: &mut Kernel, n: usize) {
    hangup(k, n, HUNGUP);
}

/// The open of `listen`: waits for a call and becomes its `ctl`.
struct Listen {
    n: usize,
    waited: bool,
}

impl Operation for Listen {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        // The kernel sleeps before it looks: a pending interrupt ends the open even if a call waits.
        let pending = k.procs.get(&pid).is_some_and(|proc| proc.notepending);
        let Ok(conversation) = k.net.udp.get(self.n) else { return Step::Done(Err(HUNGUP)) };
        if !self.waited && conversation.received.borrow().is_closed() {
            release(k, self.n);
            return Step::Done(Err(error("listen hungup")));
        }
        self.waited = true;
        if pending {
            return Step::Wait(conversation.call_came, Breakable::ByNotes);
        }
        match conversation.calls.pop_front() {
            Some(call) => {
                release(k, self.n);
                Step::Done(Ok(Value::File(files::conversation_node(call, super::CTL))))
            }
            None => Step::Wait(conversation.call_came, Breakable::ByNotes),
        }
    }

    fn interrupted(&mut self, k: &mut Kernel, _pid: Pid) -> Result<Value> {
        release(k, self.n);
        Err(crate::dev::INTERRUPTED)
    }
}
