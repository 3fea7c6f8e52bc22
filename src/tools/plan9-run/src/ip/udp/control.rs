//! What `ctl` of a UDP conversation takes (`ip/devip.c:ipwrite`, `ip/udp.c:udpctl`).

use super::{State, hangup_by_hand};
use crate::dev::{Breakable, Error, Operation, Pid, Result, Started, Step, Value, WaitId, error};
use crate::devices::count;
use crate::ip::address::{self, ANY};
use crate::ip::route;
use crate::kernel::Kernel;
use std::net::IpAddr;

const IN_USE: Error = error("connection in use");
const BAD_PORT: Error = error("bad numeric port");

/// A message; only the first of one write counts.
pub fn control(k: &mut Kernel, n: usize, message: &[u8]) -> Started {
    let text = String::from_utf8_lossy(message);
    let line = text.lines().next().unwrap_or("").trim_end_matches('\0');
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let result = match words[..] {
        [] => Err(error("short control request")),
        ["connect", ref args @ ..] => return settle(k, n, message.len(), args, connect),
        ["announce", ref args @ ..] => return settle(k, n, message.len(), args, announce),
        ["bind", local] => set_local(k, n, local, false),
        ["bind", ..] => Err(error("bad args to bind")),
        ["ttl" | "tos", ..] => Ok(()),
        ["ignoreadvice", ..] => k.net.udp.get(n).map(|slot| slot.ignore_advice = true),
        ["addmulti", ref args @ ..] => {
            group(k, n, args).and_then(|(group, on)| join(k, n, group, on))
        }
        ["delmulti" | "remmulti"] => Err(error("delmulti needs interface address")),
        ["delmulti" | "remmulti", on, ..] => group(k, n, &[on]).and_then(|joined| {
            k.net.udp.get(n)?.groups.retain(|&other| other != joined);
            Ok(())
        }),
        ["hangup"] => {
            hangup_by_hand(k, n);
            Ok(())
        }
        ["headers"] => k.net.udp.get(n).map(|slot| slot.headers = true),
        _ => Err(error("unknown control request")),
    };
    match result {
        Ok(()) => count(message.len()),
        Err(why) => Started::Done(Err(why)),
    }
}

type Settle = fn(&mut Kernel, usize, &[&str]) -> Result<()>;

/// Connects or announces. The kernel sleeps before it looks, so a pending interrupt makes a call fail that has worked.
fn settle(k: &mut Kernel, n: usize, count: usize, args: &[&str], settle: Settle) -> Started {
    match settle(k, n, args) {
        Ok(()) => Started::Blocked(Box::new(Settled { wait: k.waits.fresh(), count })),
        Err(why) => Started::Done(Err(why)),
    }
}

struct Settled {
    wait: WaitId,
    count: usize,
}

impl Operation for Settled {
    fn step(&mut self, k: &mut Kernel, pid: Pid) -> Step {
        if k.procs.get(&pid).is_some_and(|proc| proc.notepending) {
            return Step::Wait(self.wait, Breakable::ByNotes);
        }
        Step::Done(Ok(Value::Count(self.count as u64)))
    }
}

/// `connect ADDR!PORT [LOCAL]`.
fn connect(k: &mut Kernel, n: usize, args: &[&str]) -> Result<()> {
    begin(k, n, State::Connecting)?;
    let (remote, local) = match args {
        [remote] => (remote, None),
        [remote, local] => (remote, Some(local)),
        _ => return Err(error("bad args to connect")),
    };
    let (host, number) = remote.split_once('!').ok_or(error("malformed address"))?;
    k.net.udp.get(n)?.remote.0 = address::parse(host)?;
    k.net.udp.get(n)?.remote.1 = port(number)?;
    match local {
        Some(local) => set_local(k, n, local, false)?,
        None => {
            let free = k.net.udp.free_port();
            let conversation = k.net.udp.get(n)?;
            conversation.local = (route::source(conversation.remote.0), free);
        }
    }
    settled(k, n, State::Connected)
}

/// `announce [ADDR!]PORT`.
fn announce(k: &mut Kernel, n: usize, args: &[&str]) -> Result<()> {
    begin(k, n, State::Announcing)?;
    k.net.udp.get(n)?.remote = (ANY, 0);
    match args {
        [local] => set_local(k, n, local, true)?,
        _ => return Err(error("bad args to announce")),
    }
    settled(k, n, State::Announced)
}

fn begin(k: &mut Kernel, n: usize, state: State) -> Result<()> {
    let conversation = k.net.udp.get(n)?;
    if conversation.state != State::Idle {
        return Err(IN_USE);
    }
    conversation.state = state;
    Ok(())
}

fn settled(k: &mut Kernel, n: usize, state: State) -> Result<()> {
    let conversation = k.net.udp.get(n)?;
    conversation.state = state;
    conversation.source = conversation.local.0;
    Ok(())
}

/// A number in front of the text's end or of another `!`.
fn port(text: &str) -> Result<u16> {
    address::port(text.split('!').next().unwrap_or("")).map_err(|_| BAD_PORT)
}

/// `[ADDR!]PORT` (`ip/devip.c:setladdrport`). What was set before an error stays.
fn set_local(k: &mut Kernel, n: usize, text: &str, announcing: bool) -> Result<()> {
    let (host, number) = match text.split_once('!') {
        Some((host, "r")) => (None, host),
        Some((host, number)) => (Some(host), number),
        None => (None, text),
    };
    let conversation = k.net.udp.get(n)?;
    conversation.local.1 = 0;
    let host = match host {
        None if announcing => ANY,
        None => route::source(conversation.remote.0),
        Some("*") => ANY,
        Some(host) => {
            let host = address::parse(host)?;
            if route::own(host).is_none() && !host.is_multicast() {
                return Err(error("not a local IP address"));
            }
            host
        }
    };
    conversation.local.0 = host;
    // The whole machine's calls.
    let everything = announcing && number == "*";
    let number = if everything { 0 } else { port(number)? };
    if number == 0 && !everything {
        let free = k.net.udp.free_port();
        k.net.udp.get(n)?.local.1 = free;
        return Ok(());
    }
    if k.net.udp.is_taken(n, (host, number)) {
        return Err(error("address in use"));
    }
    k.net.udp.get(n)?.local.1 = number;
    Ok(())
}

/// The group and the interface's address of `addmulti` and `delmulti`: a group that is not named is one of the
/// conversation's own addresses.
fn group(k: &mut Kernel, n: usize, args: &[&str]) -> Result<(IpAddr, IpAddr)> {
    let (on, group) = match args {
        [] => return Err(error("addmulti needs interface address")),
        [on] => (address::parse(on)?, None),
        [on, group, ..] => (address::parse(on)?, Some(address::parse(group)?)),
    };
    let conversation = k.net.udp.get(n)?;
    let own = match conversation {
        slot if slot.remote.0 == ANY || slot.local.0.is_multicast() => slot.local.0,
        slot => slot.remote.0,
    };
    Ok((group.unwrap_or(own), on))
}

fn join(k: &mut Kernel, n: usize, group: IpAddr, on: IpAddr) -> Result<()> {
    if !group.is_multicast() {
        return Err(error("addmulti for a non multicast address"));
    }
    if group.is_ipv4() != on.is_ipv4() {
        return Err(error("incompatible multicast/interface ip address"));
    }
    let conversation = k.net.udp.get(n)?;
    if !conversation.groups.contains(&(group, on)) {
        conversation.groups.push((group, on));
    }
    Ok(())
}
