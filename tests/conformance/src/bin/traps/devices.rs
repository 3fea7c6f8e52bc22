//! Reads of the console device's files.

use conformance::family::{exits, me, over, spawn};
use conformance::say;
use conformance::text::{Long, number};
use core::ffi::CStr;
use core::fmt::Write;
use plan9_abi::flags::{open, rfork};
use plan9_abi::sys::file;

const FILES: [&CStr; 9] = [
    c"/dev/ppid",
    c"/dev/time",
    c"/dev/cputime",
    c"/dev/osversion",
    c"/dev/null",
    c"/dev/zero",
    c"/dev/random",
    c"/dev/bintime",
    c"/dev/pid",
];

fn opened(name: &CStr) -> i32 {
    file::open(name, open::READ).unwrap_or(-1)
}

fn at(fd: i32, buffer: &mut [u8], offset: i64) -> i64 {
    file::pread(fd, buffer, offset).map_or(-1, |n| n as i64)
}

fn yes(really: bool) -> &'static str {
    if really { "yes" } else { "no" }
}

pub fn run() {
    let mut buffer = [0; 8192];
    for name in FILES {
        let fd = opened(name);
        let n = at(fd, &mut buffer, 0);
        let five = at(fd, &mut [0; 5], 3);
        let end = at(fd, &mut [0; 5], n);
        let name = name.to_str().unwrap_or("?");
        say!("{name}: read of 8192: {n}, of 5 at 3: {five}, of 5 at the end: {end}");
        at(fd, &mut buffer, 0);
        let _ = file::close(fd);
    }
    // What /dev/pid gave, the last of them.
    let columns = number(&buffer) == me() && buffer[11] == b' ' && buffer[0] == b' ';
    say!("/dev/pid: in columns 0 to 10, then a blank: {}", yes(columns));
    spawn(rfork::MEM, || {
        let told = me();
        let mut text = [0; 32];
        at(opened(c"/dev/pid"), &mut text, 0);
        exits(format_args!("{}", yes(told == number(&text))))
    });
    over(format_args!("the pid in Tos is right in a new RFMEM child"));
    let fd = opened(c"/dev/bintime");
    let mut line = Long::new(format_args!("/dev/bintime: reads of 1 8 12 16 24 100:"));
    for n in [1, 8, 12, 16, 24, 100] {
        let got = file::read(fd, &mut buffer[..n]).map_or(-1, |n| n as i64);
        let _ = write!(line, " {got}");
    }
    let _ = file::close(fd);
    say!("{line}");
    let mut read = |name| {
        let fd = opened(name);
        let n = file::read(fd, &mut buffer).unwrap_or(0);
        let _ = file::close(fd);
        n
    };
    let n = read(c"/dev/sysname");
    let newline = n > 0 && buffer[n - 1] == b'\n';
    say!("/dev/sysname: newline at the end: {}", yes(newline));
    let mut read = |name| {
        let fd = opened(name);
        let n = file::read(fd, &mut buffer).unwrap_or(0);
        let _ = file::close(fd);
        n
    };
    let n = read(c"/dev/sysstat");
    let length = buffer[..n].iter().position(|&b| b == b'\n').map_or(0, |end| end + 1);
    let fields = buffer[..length].split(|&b| b <= b' ').filter(|word| !word.is_empty()).count();
    let whole = length > 0 && n % length == 0;
    say!(
        "/dev/sysstat: line length {length}, one a processor and all as long: {}, fields {fields}",
        yes(whole)
    );
}
