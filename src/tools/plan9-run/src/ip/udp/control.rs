//! What `ctl` of a UDP conversation takes (`ip/devip.c:ipwrite`, `ip/udp.c:udpctl`).

use super::{State, hangup_by_hand};
use crate::dev::{Error, Result, Started, error};
use crate::devices::count;
use crate::ip::address::{self, ANY, Asked, Local};
use crate::ip::control::{self, Settled};
use crate::ip::route;
use crate::kernel::Kernel;
use std::net::IpAddr;

const IN_USE: Error = error("connection in use");

/// A message; only the first of one write counts.
pub fn control(k: &mut Kernel, n: usize, message: &[u8]) -> Started {
    let words = control::words(message);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
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

/// Connects or announces.
fn settle(k: &mut Kernel, n: usize, count: usize, args: &[&str], settle: Settle) -> Started {
    match settle(k, n, args) {
        Ok(()) => Settled::started(k, count),
        Err(why) => Started::Done(Err(why)),
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
    let (number, whole) = address::port(number);
    k.net.udp.get(n)?.remote.1 = number;
    whole?;
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

/// What was set before an error stays.
fn set_local(k: &mut Kernel, n: usize, text: &str, announcing: bool) -> Result<()> {
    let conversation = k.net.udp.get(n)?;
    conversation.local.1 = 0;
    let otherwise = route::source(conversation.remote.0);
    let is_own = |host| route::own(host).is_some();
    let Local { host, port } = address::local(text, announcing, otherwise, is_own)?;
    conversation.local.0 = host;
    let number = match port? {
        Asked::Free => {
            let free = k.net.udp.free_port();
            k.net.udp.get(n)?.local.1 = free;
            return Ok(());
        }
        Asked::All => 0,
        Asked::Number(number) => number,
    };
    if k.net.udp.is_taken(n, (host, number)) {
        return Err(error("address in use"));
    }
    k.net.udp.get(n)?.local.1 = number;
    Ok(())
}

/// The group and the interface's address of a message.
fn group(k: &mut Kernel, n: usize, args: &[&str]) -> Result<(IpAddr, IpAddr)> {
    let conversation = k.net.udp.get(n)?;
    control::group(args, control::own_group(conversation.local.0, conversation.remote.0))
}

fn join(k: &mut Kernel, n: usize, group: IpAddr, on: IpAddr) -> Result<()> {
    control::joinable(group, on)?;
    let conversation = k.net.udp.get(n)?;
    if !conversation.groups.contains(&(group, on)) {
        conversation.groups.push((group, on));
    }
    Ok(())
}
