//! One datagram's way: from a write to the queue of whoever it is for (`ip/udp.c:udpkick`, `udpiput`, `udpadvise`).
//!
//! No write fails. A datagram that cannot be sent is gone; one for a port that nobody has comes back as an ICMP message,
//! and hangs up the conversation that is connected to that port.

use super::{Conversation, MAX_CALLS, State, hangup};
use crate::dev::error;
use crate::ip::address::ANY;
use crate::ip::route::{self, Own};
use crate::kernel::Kernel;
use plan9_abi::udp::{HEADER, MAX_PAYLOAD_V4, MAX_PAYLOAD_V6, Udphdr};
use std::net::{IpAddr, Ipv6Addr};

fn ipv6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

fn unmapped(address: Ipv6Addr) -> IpAddr {
    address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4)
}

/// Sends one piece of a write.
pub fn send(k: &mut Kernel, n: usize, piece: &[u8]) {
    let Ok(conversation) = k.net.udp.get(n) else { return };
    let port = conversation.local.1;
    let (from, to, data) = if conversation.headers {
        let Some((header, data)) = piece.split_first_chunk::<HEADER>() else { return };
        let header = Udphdr::parse(header);
        let to = (unmapped(header.remote), header.remote_port);
        let asked = unmapped(header.local);
        let from = match route::own(asked) {
            Some(Own::Unicast) => asked,
            _ => route::source(to.0),
        };
        ((from, port), to, data)
    } else {
        ((conversation.source, port), conversation.remote, piece)
    };
    let most = if to.0.is_ipv4() { MAX_PAYLOAD_V4 } else { MAX_PAYLOAD_V6 };
    if data.len() <= most {
        receive(k, from, to, data);
    }
}

/// What an address is to the machine, and the address of the interface that takes it.
fn arrival(k: &Kernel, to: IpAddr) -> Option<(Option<Own>, IpAddr)> {
    if to.is_multicast() {
        // Each conversation that joins says on which interface.
        let mut joined = k.net.udp.slots.iter().flat_map(|slot| &slot.groups);
        return joined
            .find(|&&(group, on)| group == to && route::own(on) == Some(Own::Unicast))
            .map(|&(_, on)| (None, on));
    }
    Some((Some(route::own(to)?), route::source(to)))
}

/// How well a conversation fits (`ip/ipaux.c:iphtlook`): the four addresses, then address and port, port, address,
/// anything.
fn fit(slot: &Conversation, from: (IpAddr, u16), to: (IpAddr, u16)) -> Option<u32> {
    if !slot.receives() {
        return None;
    }
    if slot.remote.0 != ANY {
        return (slot.local == to && slot.remote == from).then_some(0);
    }
    match slot.local {
        local if local == to => Some(1),
        (ANY, port) if port == to.1 => Some(2),
        (address, 0) if address == to.0 => Some(3),
        (ANY, 0) => Some(4),
        _ => None,
    }
}

fn receive(k: &mut Kernel, from: (IpAddr, u16), to: (IpAddr, u16), data: &[u8]) {
    let Some((own, on)) = arrival(k, to.0) else { return };
    let slots = k.net.udp.slots.iter().enumerate();
    let fits = slots.filter_map(|(n, slot)| fit(slot, from, to).map(|rank| (rank, n)));
    let Some((_, n)) = fits.min() else {
        if own == Some(Own::Unicast) {
            advise(k, from, to);
        }
        return;
    };
    let found = &k.net.udp.slots[n];
    let n = if found.state == State::Announced && !found.headers {
        let source = if own == Some(Own::Unicast) { to.0 } else { on };
        match call(k, n, from, to, source) {
            Some(call) => call,
            None => return,
        }
    } else {
        n
    };
    let conversation = &k.net.udp.slots[n];
    let mut datagram = Vec::with_capacity(HEADER + data.len());
    if conversation.headers {
        let header = Udphdr {
            remote: ipv6(from.0),
            local: ipv6(to.0),
            interface: ipv6(on),
            remote_port: from.1,
            local_port: to.1,
        };
        datagram.extend(header.bytes());
    }
    datagram.extend(data);
    conversation.received.borrow_mut().push(&mut k.waits, datagram);
}

/// A new peer of an announced conversation; it waits for `listen`.
fn call(
    k: &mut Kernel,
    announced: usize,
    from: (IpAddr, u16),
    to: (IpAddr, u16),
    source: IpAddr,
) -> Option<usize> {
    if k.net.udp.slots[announced].calls.len() >= MAX_CALLS {
        return None;
    }
    let n = k.net.udp.fresh(&mut k.waits).ok()?;
    let call = &mut k.net.udp.slots[n];
    call.state = State::Connected;
    (call.local, call.remote, call.source) = (to, from, source);
    let announced = &mut k.net.udp.slots[announced];
    announced.calls.push_back(n);
    k.waits.wake(announced.call_came);
    Some(n)
}

/// The ICMP message that comes back to whoever sent it.
fn advise(k: &mut Kernel, sender: (IpAddr, u16), to: (IpAddr, u16)) {
    let sent_it = |slot: &Conversation| {
        slot.state == State::Connected && slot.local == sender && slot.remote == to
    };
    let Some(n) = k.net.udp.slots.iter().position(sent_it) else { return };
    if !k.net.udp.slots[n].ignore_advice {
        hangup(k, n, error("port unreachable"));
    }
}
