//! TCP conversations inside the machine (`ip/tcp.c`), spliced or with transmit queues.
//!
//! Spliced, a write goes straight into the peer's receive queue, and the peer's end is learnt by reading alone. With
//! `--no-splice` a write goes into the writer's own transmit queue and moves on as far as the peer's window lets it; the
//! wire in between neither loses nor delays anything.

use super::address::{self, ANY};
use crate::dev::{
    Breakable, Error, Node, Operation, Pid, Result, Step, Value, WaitId, Waits, error,
};
use crate::kernel::Kernel;
use crate::qio::{HUNGUP, Owner, Queue, QueueRef};
use plan9_abi::queue::{PIPE_LIMIT, TCP_LIMIT_UNSCALED};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

/// Window shift that both ends of the machine offer.
const SHIFT: u32 = 7;
/// Transmit limit and receive window with that shift.
const SCALED: u64 = (TCP_LIMIT_UNSCALED as u64) << SHIFT;
/// Calls that a listener keeps for `listen`.
const BACKLOG: usize = 10;
/// Conversations of a protocol.
const MAX_CONVERSATIONS: usize = 1024;
/// How long the handshake takes, in nanoseconds: a dialler sleeps before it is connected.
const HANDSHAKE_NS: u64 = 20_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Closed,
    Listen,
    SynSent,
    Established,
    Finwait2,
    CloseWait,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Closed => "Closed",
            State::Listen => "Listen",
            State::SynSent => "Syn_sent",
            State::Established => "Established",
            State::Finwait2 => "Finwait2",
            State::CloseWait => "Close_wait",
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

/// `announce`.
pub fn announce(k: &mut Kernel, n: usize, args: &[&str]) -> Result<()> {
    let text = args.first().ok_or(error("bad args to announce"))?;
    let (host, port) = address::pair(text)?;
    if !host.is_unspecified() && !address::is_own(host) {
        return Err(error("not a local IP address"));
    }
    let tcp = &mut k.net.tcp;
    if tcp.get(n)?.used {
        return Err(error("connection in use"));
    }
    let host = if host.is_unspecified() { ANY } else { host };
    let taken = |c: &Conversation| c.state == State::Listen && c.local == (host, port);
    tcp.get(n)?.used = true;
    if port != 0 && tcp.slots.iter().flatten().any(taken) {
        return Err(error("address in use"));
    }
    let port = if port == 0 { tcp.free_port() } else { port };
    let conversation = tcp.get(n)?;
    conversation.local = (host, port);
    conversation.state = State::Listen;
    Ok(())
}

/// `connect`, which sleeps until the other end has answered.
pub struct Connect {
    pub n: usize,
    pub count: usize,
    begun: Option<u64>,
    to: (IpAddr, u16),
}

impl Connect {
    pub fn new(k: &mut Kernel, n: usize, args: &[&str], count: usize) -> Result<Connect> {
        let text = args.first().ok_or(error("bad args to connect"))?;
        let conversation = k.net.tcp.get(n)?;
        if conversation.used {
            return Err(error("connection in use"));
        }
        conversation.used = true;
        if !text.contains('!') {
            return Err(error("malformed address"));
        }
        let to = address::pair(text)?;
        let local = match args.get(1) {
            Some(text) => address::pair(text)?,
            None => (ANY, 0),
        };
        if to.0.is_unspecified() {
            return Err(error("no route"));
        }
        let own = match to.0 {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        };
        let port = if local.1 == 0 { k.net.tcp.free_port() } else { local.1 };
        let conversation = k.net.tcp.get(n)?;
        conversation.local = (if local.0.is_unspecified() { own } else { local.0 }, port);
        conversation.remote = to;
        conversation.state = State::SynSent;
        Ok(Connect { n, count, begun: None, to })
    }
}

impl Operation for Connect {
    fn step(&mut self, k: &mut Kernel, _pid: Pid) -> Step {
        let now = k.mono_ns();
        let Ok(conversation) = k.net.tcp.get(self.n) else { return Step::Done(Err(HUNGUP)) };
        let wait = conversation.wait;
        let at = match self.begun {
            None => {
                let at = now + HANDSHAKE_NS;
                self.begun = Some(at);
                k.net.handshakes.push((at, self.n, self.to));
                k.timers.wake_at(at, k.net.tick);
                at
            }
            Some(at) => at,
        };
        if now < at || conversation.state == State::SynSent {
            return Step::Wait(wait, Breakable::ByNotes);
        }
        match conversation.failure.clone() {
            Some(why) => Step::Done(Err(why)),
            None => Step::Done(Ok(Value::Count(self.count as u64))),
        }
    }
}

/// The handshakes that are due, whether anybody still waits for them or not.
pub fn run_handshakes(k: &mut Kernel) {
    let now = k.mono_ns();
    let pending = std::mem::take(&mut k.net.handshakes);
    for (at, n, to) in pending {
        if at > now {
            k.net.handshakes.push((at, n, to));
            continue;
        }
        let Ok(conversation) = k.net.tcp.get(n) else { continue };
        if conversation.state != State::SynSent {
            continue;
        }
        if let Err(why) = meet(k, n, to)
            && let Ok(conversation) = k.net.tcp.get(n)
        {
            conversation.state = State::Closed;
            conversation.failure = Some(why);
        }
        if let Ok(conversation) = k.net.tcp.get(n) {
            let wait = conversation.wait;
            k.waits.wake(wait);
        }
    }
}

/// Both ends become Established; the listener's side waits to be taken.
fn meet(k: &mut Kernel, n: usize, to: (IpAddr, u16)) -> Result<()> {
    let listener = k.net.tcp.listener(to).ok_or(error("connection refused"))?;
    let now = k.mono_ns();
    let splice = k.options.splice;
    let full = k.net.tcp.get(listener)?.incoming.len() >= BACKLOG;
    let from = k.net.tcp.get(n)?.local;
    k.net.tcp.get(n)?.state = State::Established;
    if full {
        // Its last acknowledgement is answered by a reset.
        reset(k, n);
        return Ok(());
    }
    let other = k.net.tcp.fresh(&mut k.waits, now)?;
    for (own, peer) in [(n, other), (other, n)] {
        let conversation = k.net.tcp.get(own)?;
        conversation.state = State::Established;
        conversation.peer = Some(peer);
        conversation.used = true;
        conversation.spliced = splice;
        if splice {
            conversation.received.borrow_mut().limit = u64::from(PIPE_LIMIT);
        }
    }
    let accepted = k.net.tcp.get(other)?;
    accepted.local = to;
    accepted.remote = from;
    let listener = k.net.tcp.get(listener)?;
    listener.incoming.push_back(other);
    let wait = listener.wait;
    k.waits.wake(wait);
    Ok(())
}

/// The open of `listen`: waits for a call and becomes its `ctl`.
pub struct Listen {
    pub n: usize,
}

impl Operation for Listen {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        let Ok(listener) = k.net.tcp.get(self.n) else {
            return Step::Done(Err(error("listen hungup")));
        };
        if listener.state != State::Listen {
            return Step::Done(Err(error("listen hungup")));
        }
        // The kernel sleeps before it looks: a pending interrupt ends the open even if a call waits.
        if k.procs.get(&pid).is_some_and(|proc| proc.notepending) {
            return Step::Wait(listener.wait, Breakable::ByNotes);
        }
        match listener.incoming.pop_front() {
            Some(call) => {
                if let Ok(conversation) = k.net.tcp.get(call) {
                    conversation.opens += 1;
                }
                Step::Done(Ok(Value::File(super::conversation_node(call, super::CTL))))
            }
            None => Step::Wait(listener.wait, Breakable::ByNotes),
        }
    }
}

/// A conversation's end as its queues see it.
pub struct End {
    pub n: usize,
}

impl Owner for End {
    fn consumed(&self, k: &mut Kernel) {
        let peer = k.net.tcp.get(self.n).ok().and_then(|c| c.peer);
        if let Some(peer) = peer {
            transmit(k, peer);
        }
    }

    fn accept(&self, k: &mut Kernel, data: &[u8]) -> Result<Option<(QueueRef, u64)>> {
        let conversation = k.net.tcp.get(self.n)?;
        if !conversation.spliced {
            let queue = Rc::clone(&conversation.transmit);
            let position = queue.borrow_mut().append(&mut k.waits, data);
            transmit(k, self.n);
            return Ok(Some((queue, position)));
        }
        let Some(peer) = conversation.peer else { return Ok(None) };
        let peer = k.net.tcp.get(peer)?;
        if peer.state == State::Closed {
            return Ok(None);
        }
        let queue = Rc::clone(&peer.received);
        let position = queue.borrow_mut().append(&mut k.waits, data);
        Ok(Some((queue, position)))
    }
}

/// Moves what the peer's window takes (unspliced), and the end of the stream behind it.
pub fn transmit(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    if conversation.spliced {
        return;
    }
    let (own, ending, peer) =
        (Rc::clone(&conversation.transmit), conversation.ending, conversation.peer);
    let Some(peer) = peer.and_then(|peer| k.net.tcp.get(peer).ok()) else {
        // The other end is gone: it answers data with a reset.
        if conversation_is_over(k, n) && own.borrow().length() > 0 {
            reset(k, n);
        }
        return;
    };
    if peer.state == State::Closed {
        if ending {
            finish(k, n);
            return;
        }
        // Data for a closed end: it answers with a reset.
        if own.borrow().length() > 0 {
            reset(k, n);
        }
        return;
    }
    let to = Rc::clone(&peer.received);
    let room = SCALED.saturating_sub(to.borrow().length() as u64) as usize;
    let ready = own.borrow().length().min(room);
    if ready > 0 {
        let bytes = own.borrow_mut().take(&mut k.waits, ready);
        for piece in bytes.chunks(plan9_abi::queue::MAX_ATOMIC) {
            to.borrow_mut().append(&mut k.waits, piece);
        }
    }
    if ending && own.borrow().length() == 0 {
        finish(k, n);
    }
}

fn conversation_is_over(k: &mut Kernel, n: usize) -> bool {
    k.net.tcp.get(n).is_ok_and(|conversation| conversation.state == State::CloseWait)
}

/// All that a closed end had to say has arrived: its FIN follows.
fn finish(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    conversation.ending = false;
    conversation.state = State::Closed;
    let peer = conversation.peer.take();
    if let Some(peer) = peer.and_then(|peer| k.net.tcp.get(peer).ok()) {
        if peer.state == State::Established {
            peer.state = State::CloseWait;
        }
        peer.received.borrow_mut().hangup(&mut k.waits, HUNGUP);
    }
    release(k, n);
}

/// Ends a conversation at once; its queues are emptied.
fn reset(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    conversation.state = State::Closed;
    conversation.peer = None;
    for queue in [&conversation.received, &conversation.transmit] {
        let mut queue = queue.borrow_mut();
        queue.flush(&mut k.waits);
        queue.hangup(&mut k.waits, HUNGUP);
    }
    let wait = conversation.wait;
    k.waits.wake(wait);
}

/// ctl `close`, and what the last close of the files does.
pub fn close(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    let (state, peer, spliced) = (conversation.state, conversation.peer, conversation.spliced);
    match state {
        State::Listen => {
            let calls: Vec<usize> = conversation.incoming.drain(..).collect();
            let wait = conversation.wait;
            conversation.state = State::Closed;
            k.waits.wake(wait);
            for call in calls {
                close(k, call);
                release(k, call);
            }
        }
        State::Established | State::CloseWait if spliced => {
            reset(k, n);
            if let Some(peer) = peer.and_then(|peer| k.net.tcp.get(peer).ok()) {
                peer.peer = None;
                peer.received.borrow_mut().hangup(&mut k.waits, HUNGUP);
            }
        }
        State::Established | State::CloseWait => {
            conversation.received.borrow_mut().flush(&mut k.waits);
            conversation.received.borrow_mut().hangup(&mut k.waits, HUNGUP);
            conversation.transmit.borrow_mut().hangup(&mut k.waits, HUNGUP);
            conversation.state = State::Finwait2;
            conversation.ending = true;
            transmit(k, n);
        }
        _ => {
            let wait = conversation.wait;
            if state == State::SynSent {
                conversation.state = State::Closed;
            }
            k.waits.wake(wait);
        }
    }
}

/// ctl `hangup`: a reset. A spliced peer is told nothing.
pub fn hangup(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    if conversation.state == State::Listen {
        close(k, n);
        return;
    }
    let (peer, spliced) = (conversation.peer, conversation.spliced);
    reset(k, n);
    if spliced {
        return;
    }
    if let Some(peer) = peer {
        reset(k, peer);
    }
}

/// Gives the slot back once no file is open and nothing is on its way.
pub fn release(k: &mut Kernel, n: usize) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    if conversation.opens == 0 && conversation.state == State::Closed {
        for other in k.net.tcp.slots.iter_mut().flatten() {
            if other.peer == Some(n) {
                other.peer = None;
            }
        }
        k.net.tcp.slots[n] = None;
    }
}

/// The node of one of a conversation's files is closed.
pub fn close_file(k: &mut Kernel, n: usize, _node: &Node) {
    let Ok(conversation) = k.net.tcp.get(n) else { return };
    conversation.opens = conversation.opens.saturating_sub(1);
    if conversation.opens == 0 {
        close(k, n);
        release(k, n);
    }
}

/// The line of `status` (`ip/tcp.c:tcpstate`). Timers and rates are those of a wire that takes no time.
pub fn status(conversation: &Conversation) -> String {
    let qin = conversation.received.borrow().length();
    let qout = conversation.transmit.borrow().length();
    format!(
        "{} qin {qin} qout {qout} rq 0.0 ovl 0 srtt 0>>3 mdev 0 timer 0/0 sst 65535 cwin 65535 swin {SCALED}>>{SHIFT} rwin {SCALED}>>{SHIFT} ka 0/0 0\n",
        conversation.state.name()
    )
}
