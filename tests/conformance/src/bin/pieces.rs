//! Files of /net, /proc, /dev and /env read in one piece, in pieces of 32 bytes and of one byte. All but three give the
//! same bytes: ipselftab, iproute and arp cut lines to the buffer, or leave them out, and do not go on with the rest
//! (`ip/ipifc.c:ipselftabread`, `ip/iproute.c:routeread`, `ip/arp.c:arpread`).

#![no_std]
#![no_main]

use conformance::{Text, say};
use core::ffi::CStr;
use plan9_abi::flags::open;
use plan9_abi::sys::file;

const ROOM: usize = 16_384;
/// Lines of the three tables, in bytes; `arp`'s have an address of any length at their end.
const TABLES: [(&CStr, usize); 2] = [(c"/net/ipselftab", 53), (c"/net/iproute", 72)];
const ARP: &CStr = c"/net/arp";
const OTHERS: &[&CStr] = &[
    c"/net/ndb",
    c"/net/tcp/stats",
    c"/net/ipifc/0/status",
    c"/net/ipifc/0/local",
    c"/net/ipifc/0/ctl",
    c"/proc/1/args",
    c"/proc/1/noteid",
    c"/proc/1/ppid",
    c"/dev/user",
    c"/dev/sysname",
    c"/dev/drivers",
    c"/dev/hostowner",
    c"/dev/osversion",
    c"/dev/pid",
    c"/dev/ppid",
    c"/env/path",
    c"/env/user",
];

/// A file's bytes by reads of `piece`, until one gives nothing.
struct Bytes([u8; ROOM], usize);

fn read(name: &CStr, piece: usize) -> Option<Bytes> {
    let fd = file::open(name, open::READ).ok()?;
    let mut bytes = Bytes([0; ROOM], 0);
    while bytes.1 < ROOM {
        let end = (bytes.1 + piece).min(ROOM);
        match file::read(fd, &mut bytes.0[bytes.1..end]) {
            Ok(n @ 1..) => bytes.1 += n,
            _ => break,
        }
    }
    let _ = file::close(fd);
    Some(bytes)
}

impl Bytes {
    fn all(&self) -> &[u8] {
        &self.0[..self.1]
    }
}

/// How much of a table comes: each piece of 32 bytes holds 31 of a line, and one of a byte none.
fn table(name: &CStr, line: usize) {
    let shown = name.to_str().unwrap_or("?");
    let (Some(whole), Some(parts), Some(single)) =
        (read(name, ROOM), read(name, 32), read(name, 1))
    else {
        return say!("{shown}: cannot be opened");
    };
    let lines = whole.1 / line;
    let is_whole = lines > 0 && whole.1 == lines * line && whole.all().ends_with(b"\n");
    say!("{shown}: whole lines of {line}: {is_whole}");
    let cut = parts.1 == lines * 31 && !parts.all().contains(&b'\n');
    say!("{shown}: 31 bytes of each line in pieces of 32: {cut}; in pieces of 1: {}", single.1);
}

/// Whether the file says the same in any pieces. One that counts what happens on the machine changes in between, so it
/// is asked for a few times.
fn is_same(name: &CStr) -> bool {
    const TRIES: usize = 20;
    (0..TRIES).any(|_| {
        let [whole, parts, single] = [ROOM, 32, 1].map(|piece| read(name, piece));
        match (&whole, &parts, &single) {
            (Some(a), Some(b), Some(c)) => a.all() == b.all() && a.all() == c.all(),
            _ => true,
        }
    })
}

/// Whether a read of any size gives one line of the file, and how many there are at least.
fn lines(what: &str, least: usize) {
    let name = Text::new(format_args!("/proc/{}/{what}", conformance::pid()));
    let Ok(fd) = file::open(name.as_c_str(), open::READ) else {
        return say!("/proc/N/{what}: cannot be opened");
    };
    let mut bytes = [0; ROOM];
    let (mut count, mut single) = (0, true);
    while let Ok(n @ 1..) = file::read(fd, &mut bytes) {
        count += 1;
        single &= bytes[..n].iter().filter(|&&byte| byte == b'\n').count() == 1;
    }
    let _ = file::close(fd);
    say!("/proc/N/{what}: a line a read: {}", single && count >= least);
}

#[unsafe(no_mangle)]
fn probe() {
    for (name, line) in TABLES {
        table(name, line);
    }
    let parts = [32, 1].map(|piece| read(ARP, piece).map_or(0, |bytes| bytes.1));
    say!("/net/arp: in pieces of 32 and 1: {} and {}", parts[0], parts[1]);
    for name in OTHERS {
        if !is_same(name) {
            say!("{}: not the same in pieces", name.to_str().unwrap_or("?"));
        }
    }
    say!("the others: the same in pieces");
    lines("fd", 2);
    lines("ns", 2);
}
