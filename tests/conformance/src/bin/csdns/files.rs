//! The small files: mode and owner, and the lines that have a word in them.

use conformance::{Out, Why};
use core::ffi::CStr;
use core::fmt::Write;
use plan9_abi::dir::Dir;
use plan9_abi::flags::{mode, open};
use plan9_abi::sys::file;

const PERMISSIONS: u32 = 0o777;

fn show(name: &CStr, word: Option<&str>) {
    let mut out = Out;
    let shown = name.to_str().unwrap_or("?");
    let Ok(fd) = file::open(name, open::READ) else {
        let _ = writeln!(out, "{shown}: '{}'", Why::take());
        return;
    };
    let mut record = [0; 512];
    if file::fstat(fd, &mut record).is_ok()
        && let Some((dir, _)) = Dir::parse(&record)
    {
        let uid = core::str::from_utf8(dir.uid).unwrap_or("?");
        let length = if dir.length > 0 { "set" } else { "0" };
        let mode = dir.mode & PERMISSIONS;
        let _ = writeln!(out, "{shown}: mode {mode:o}, uid {uid}, length {length}");
    }
    let mut buffer = [0; 8192];
    let mut held = 0;
    while word.is_some() && held < buffer.len() {
        match file::read(fd, &mut buffer[held..]) {
            Ok(n @ 1..) => held += n,
            _ => break,
        }
    }
    let _ = file::close(fd);
    let text = core::str::from_utf8(&buffer[..held]).unwrap_or("?");
    for line in text.lines().filter(|line| word.is_some_and(|word| line.contains(word))) {
        let _ = writeln!(out, "| {line} |");
    }
}

pub fn files() {
    for (name, word) in [
        (c"/net/ndb", None),
        (c"/net/iproute", Some("127.")),
        (c"/net/iproute", Some("::1")),
        (c"/net/ipselftab", Some("127.")),
        (c"/net/ipselftab", Some("::1")),
        (c"/net/arp", None),
        (c"/net/cs", None),
        (c"/net/dns", None),
        (c"/net/tcp/clone", None),
        (c"/net/tcp/stats", None),
        (c"/net/ipifc/0/status", Some("127.")),
        (c"/net/ipifc/0/local", Some("127.")),
    ] {
        show(name, word);
    }
    let mut out = Out;
    let _ = out.write_str("/net:");
    for name in [
        c"/net/tcp",
        c"/net/udp",
        c"/net/icmp",
        c"/net/icmpv6",
        c"/net/ipifc",
        c"/net/arp",
        c"/net/cs",
        c"/net/dns",
        c"/net/iproute",
        c"/net/ipselftab",
        c"/net/log",
        c"/net/ndb",
    ] {
        let mut record = [0; 512];
        let read = file::stat(name, &mut record).ok();
        let kind = match read.and_then(|_| Dir::parse(&record)) {
            None => " missing",
            Some((dir, _)) if dir.mode & mode::DIR != 0 => "/",
            Some(_) => "",
        };
        let short = name.to_str().unwrap_or("?").trim_start_matches("/net/");
        let _ = write!(out, " {short}{kind}");
    }
    let _ = out.write_str("\n");
}
