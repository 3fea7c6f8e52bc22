//! Two ends inside the machine become a pair of pipes (`ip/tcp.c:tcpsplice`, `tcpbypass`), with the kernel's two mistakes.
//!
//! Each end keeps a pointer to the other's conversation, whoever has that one later: an end that is closed hangs up
//! what its peer's slot has become ([`end::close`](super::end)). And what waits in the caller's transmit queue when the
//! two are joined is moved in a way that takes a lock twice: the kernel's process that takes segments never runs again,
//! and TCP hangs with it. A program must survive the first, and keep clear of the second, so the machine has both.
//!
//! Not made here, for they are races inside the kernel: a write in the instant between the caller's end of the handshake
//! and the splice, which hangs TCP as well or leaves its bytes in the transmit queue for good. In this machine the
//! handshake's two last segments are one step.

use crate::dev::{Breakable, Operation, Pid, Started, Step, WaitId};
use crate::kernel::Kernel;
use plan9_abi::queue::PIPE_LIMIT;
use std::ops::ControlFlow;
use std::rc::Rc;

/// What the kernel's process holds that waits for itself: the locks of the protocol and of two conversations.
#[derive(Clone, Copy, Debug)]
pub struct Stuck {
    ends: [usize; 2],
    /// Nothing wakes it.
    never: WaitId,
}

/// Makes a pair of the caller's end and the one that answered. Breaks where the kernel hangs.
pub(super) fn join(k: &mut Kernel, caller: usize, other: usize) -> ControlFlow<()> {
    for n in [caller, other] {
        let conversation = &mut k.net.tcp.slots[n];
        conversation.spliced = true;
        conversation.received.borrow_mut().limit = u64::from(PIPE_LIMIT);
    }
    let own = Rc::clone(&k.net.tcp.slots[caller].transmit);
    if own.borrow().has_no_blocks() {
        return ControlFlow::Continue(());
    }
    let length = own.borrow().length();
    let bytes = own.borrow_mut().take(&mut k.waits, length);
    k.net.tcp.slots[other].received.borrow_mut().append(&mut k.waits, &bytes);
    k.net.tcp.stuck = Some(Stuck { ends: [caller, other], never: k.waits.fresh() });
    eprintln!(
        "plan9-run: TCP of the machine hangs, as a kernel's does from 2025-10-19 on: /net/tcp/{caller}/data was written to before the call to this machine was connected; open data after connect, or use --no-splice"
    );
    ControlFlow::Break(())
}

/// What waits for a lock of a conversation, or for the protocol's if `n` is none.
pub fn held_up(k: &Kernel, n: Option<usize>) -> Option<WaitId> {
    let stuck = k.net.tcp.stuck?;
    n.is_none_or(|n| stuck.ends.contains(&n)).then_some(stuck.never)
}

/// A call that waits for such a lock, if it has to.
pub fn locked(k: &Kernel, n: Option<usize>) -> Option<Started> {
    held_up(k, n).map(|never| Started::Blocked(Box::new(Locked(never))))
}

struct Locked(WaitId);

impl Operation for Locked {
    fn step(&mut self, _k: &mut Kernel, _pid: Pid) -> Step {
        Step::Wait(self.0, Breakable::No)
    }
}
