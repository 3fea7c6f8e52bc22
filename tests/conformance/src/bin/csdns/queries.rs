//! Queries, each with its result and every answer, one read each.

use conformance::{Out, Why};
use core::ffi::CStr;
use core::fmt::Write;
use plan9_abi::flags::open;
use plan9_abi::sys::{file, process};

const ADDRESSES: [&str; 60] = [
    "tcp!127.0.0.1!80",
    "tcp!127.0.0.1!http",
    "tcp!localhost!http",
    "tcp!localhost!80",
    "net!localhost!http",
    "net!127.0.0.1!80",
    "localhost",
    "127.0.0.1!80",
    "tcp!127.0.0.1",
    "tcp!localhost",
    "tcp!*!0",
    "tcp!*!80",
    "tcp!*!http",
    "tcp!*!*",
    "net!*!80",
    "tcp!127.0.0.1!*",
    "tcp!127.0.0.1!0",
    "tcp!127.0.0.1!65536",
    "tcp!127.0.0.1!99999999",
    "tcp!127.0.0.1!513",
    "tcp!127.0.0.1!login",
    "tcp!127.0.0.1!-1",
    "tcp!127.0.0.1!80x",
    "tcp!127.0.0.1!80.5",
    "tcp!127.0.0.1!",
    "tcp!!80",
    "tcp!",
    "!",
    "",
    "tcp",
    "tcp!127.0.0.1!80!extra",
    "tcp!127.0.0.1!80!r",
    "tcp!127.0.0.1!80!a!b",
    "tcp!::1!80",
    "tcp![::1]!80",
    "tcp!::!80",
    "tcp!::ffff:127.0.0.1!80",
    "tcp!fe80::1%1!80",
    "tcp!0.0.0.0!80",
    "tcp!127.1!80",
    "tcp!300.1.1.1!80",
    "tcp!1.2.3!80",
    "tcp! 127.0.0.1!80",
    "tcp!LOCALHOST!80",
    "tcp!localhost.!80",
    "tcp!$nosuch!80",
    "tcp!nosuchhost!80",
    "tcp!nosuchhost!nosuch",
    "tcp!127.0.0.1!nosuchservice",
    "udp!127.0.0.1!53",
    "udp!localhost!domain",
    "udp!127.0.0.1!http",
    "icmp!127.0.0.1!1",
    "icmp!127.0.0.1",
    "icmpv6!::1!1",
    "il!127.0.0.1!80",
    "nonet!127.0.0.1!80",
    "nonet!a!b!c",
    "/net/tcp!127.0.0.1!80",
    "telco!5551234",
];

const GENERAL: [&str; 13] = [
    "!sys=localhost",
    "!dom=localhost",
    "!sys=nosuch",
    "!tcp=http",
    "!tcp=http port=80",
    "!tcp=http port=81",
    "!tcp=*",
    "!port=80",
    "!",
    "!bad",
    "!ipinfo",
    "!ipinfo sys=localhost ip",
    "!ipinfo sys=localhost @ip",
];

const NAMES: [&str; 6] =
    ["localhost ip", "localhost ipv6", "127.0.0.1 ptr", "localhost", "localhost nosuchtype", ""];

/// A query as it is shown.
enum Shown<'a> {
    /// Quoted where it needs to be.
    Text(&'a str),
    /// A query that goes on behind a NUL.
    More(&'a str, usize),
    Length(usize),
}

fn query(name: &CStr, shown: Shown<'_>, query: &[u8]) {
    let mut out = Out;
    let Ok(fd) = file::open(name, open::RDWR) else {
        let _ = writeln!(out, "open {name:?}: '{}'", Why::take());
        return;
    };
    let server = name.to_str().unwrap_or("?").trim_start_matches("/net/");
    let _ = match shown {
        Shown::Text(text) if text.is_empty() || text.contains([' ', '*', '$', '=', '[']) => {
            write!(out, "{server} '{text}': ")
        }
        Shown::Text(text) => write!(out, "{server} {text}: "),
        Shown::More(text, more) => write!(out, "{server} {text} and {more} bytes more: "),
        Shown::Length(length) => write!(out, "{server} {length} bytes: "),
    };
    let _ = process::alarm(20_000);
    let _ = match file::write(fd, query) {
        Err(_) => write!(out, "'{}'", Why::take()),
        Ok(n) if n == query.len() => write!(out, "ok"),
        Ok(_) => write!(out, "another count"),
    };
    if file::seek(fd, 0, 0).is_err() {
        let _ = write!(out, ", seek '{}'", Why::take());
    }
    let mut line = [0; 300];
    let mut last = Ok(0);
    for _ in 0..6 {
        last = file::read(fd, &mut line);
        match last {
            Ok(n @ 1..) => {
                let _ = write!(out, "; {}", core::str::from_utf8(&line[..n]).unwrap_or("?"));
            }
            _ => break,
        }
    }
    let _ = match last {
        Ok(n) => writeln!(out, "; end {n} "),
        Err(_) => writeln!(out, "; end -1 '{}'", Why::take()),
    };
    let _ = process::alarm(0);
    let _ = file::close(fd);
}

pub fn connection_server() {
    const CS: &CStr = c"/net/cs";
    for text in ADDRESSES {
        query(CS, Shown::Text(text), text.as_bytes());
    }
    let mut long = [b'a'; 200];
    long[..4].copy_from_slice(b"tcp!");
    for n in [127, 128, 200] {
        query(CS, Shown::Length(n), &long[..n]);
    }
    long[60..63].copy_from_slice(b"!80");
    query(CS, Shown::Length(63), &long[..63]);
    let text = "tcp!127.0.0.1!80\0junk";
    query(CS, Shown::More("tcp!127.0.0.1!80", 5), text.as_bytes());
    for text in GENERAL {
        query(CS, Shown::Text(text), text.as_bytes());
    }
}

pub fn resolver() {
    for text in NAMES {
        query(c"/net/dns", Shown::Text(text), text.as_bytes());
    }
}
