//! Two ends inside the machine become a pair of pipes (`ip/tcp.c:tcpsplice`, `tcpbypass`), with the kernel's two mistakes.
//!
//! Each end keeps a pointer to the other's conversation, whoever has that one later: an end that is closed hangs up
//! what its peer's slot has become ([`end::close`](super::end)). And what waits in the caller's transmit queue when the
//! two are joined is moved in a way that takes a lock twice: the kernel's process that takes segments never runs again,
//! and TCP hangs with it ([`taker`](super::taker)). A program must survive the first, and keep clear of the second, so
//! the machine has both.
//!
//! Not made here, for it is a race inside one call of the kernel: a write that is between its two looks at the queue at
//! that moment leaves its bytes in the transmit queue for good.

use crate::kernel::Kernel;
use plan9_abi::queue::PIPE_LIMIT;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::rc::Rc;

/// Whether the call to an address ends in a splice: the route to it must be one of the machine's own addresses.
pub(super) fn splices(k: &Kernel, to: IpAddr) -> bool {
    k.options.splice && k.net.has_unicast_route(to)
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
    ControlFlow::Break(())
}
