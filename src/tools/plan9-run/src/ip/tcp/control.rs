//! What `ctl` of a TCP conversation takes (`ip/devip.c:ipwrite`, `ip/tcp.c:tcpctl`).

use super::clock::{self, TICK_MS};
use super::{State, call, end, host, taker};
use crate::dev::{Result, Started, error};
use crate::devices::count;
use crate::ip::control::{group, joinable, words};
use crate::kernel::Kernel;

/// How often a keepalive probes if its message does not say, in milliseconds.
const KEEPALIVE_MS: u64 = 120_000;

/// A message; only the first of one write counts.
pub fn control(k: &mut Kernel, n: usize, message: &[u8]) -> Started {
    let length = message.len();
    let words = words(message);
    // What finds a port takes the protocol's lock.
    let finds = ["connect", "announce", "bind"].map(String::from);
    let of = words.first().is_none_or(|first| !finds.contains(first)).then_some(n);
    taker::unlocked(k, of, move |k| obey(k, n, &words, length))
}

fn obey(k: &mut Kernel, n: usize, words: &[String], length: usize) -> Started {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let old = k.options.old();
    let result = match words[..] {
        [] => Err(error("short control request")),
        ["connect", ref args @ ..] => return call::connect(k, n, args, length),
        ["announce", ref args @ ..] => return call::announce(k, n, args, length),
        ["bind", ref args @ ..] => call::bind(k, n, args),
        ["ttl" | "tos" | "ignoreadvice", ..] => Ok(()),
        ["addmulti", ref args @ ..] => own_group(k, n)
            .and_then(|own| group(args, own))
            .and_then(|(group, on)| joinable(group, on)),
        ["delmulti" | "remmulti"] => Err(error("delmulti needs interface address")),
        ["delmulti" | "remmulti", on, ..] => {
            own_group(k, n).and_then(|own| group(&[on], own)).map(drop)
        }
        ["close"] => {
            end::close(k, n);
            Ok(())
        }
        ["hangup"] => {
            end::hangup(k, n);
            Ok(())
        }
        ["keepalive", ref args @ ..] => keep_alive(k, n, args.first().copied()),
        // Until 2025-10-18 and 2025-09-21.
        ["checksum", _, ..] | ["tcpporthogdefense", "on" | "off"] if old => Ok(()),
        ["tcpporthogdefense", _, ..] if old => Err(error("unknown value for tcpporthogdefense")),
        _ => Err(error("unknown control request")),
    };
    match result {
        Ok(()) => count(length),
        Err(why) => Started::Done(Err(why)),
    }
}

/// The group of a message that names none.
fn own_group(k: &mut Kernel, n: usize) -> Result<std::net::IpAddr> {
    let conversation = k.net.tcp.get(n)?;
    Ok(crate::ip::control::own_group(conversation.local.0, conversation.remote.0))
}

/// `keepalive` with its interval in milliseconds, off if that is not above 0. Between spliced ends it has no effect.
fn keep_alive(k: &mut Kernel, n: usize, interval: Option<&str>) -> Result<()> {
    let conversation = k.net.tcp.get(n)?;
    if conversation.state != State::Established {
        return Err(error("connection must be in Establised state"));
    }
    if conversation.spliced {
        return Ok(());
    }
    let ms = interval.map_or(KEEPALIVE_MS, |text| text.parse().unwrap_or(0));
    conversation.keepalive = ms.div_ceil(TICK_MS);
    if conversation.unheard {
        clock::give_up_later(k, n);
    }
    host::keep_alive(k, n, ms)
}
