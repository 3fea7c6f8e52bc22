//! Variables as files, and as getenv(2) reads them.

use conformance::family::{put, result};
use conformance::say;
use conformance::text::Long;
use conformance::{Why, raw};
use plan9_abi::flags::open;
use plan9_abi::sys::file;
use plan9_abi::sysno;

/// As the C library's: NULs inside become blanks, one at the end goes. `None` leaves the error string.
fn getenv() -> Option<Long> {
    let fd = file::open(c"/env/list", open::READ).ok()?;
    let mut value = [0; 1024];
    let n = file::read(fd, &mut value).ok()?;
    let _ = file::close(fd);
    let text = &mut value[..n];
    text.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
    let mut value = Long::empty();
    value.push(text.strip_suffix(b" ").unwrap_or(text));
    Some(value)
}

fn told() -> Long {
    getenv().unwrap_or(Long::empty())
}

pub fn run() {
    put(file::create(c"/env/list", open::WRITE, 0o666), b"one\0t w o\0three\0");
    say!("getenv of one NUL t w o NUL three NUL: '{}'", told());
    let fd = file::open(c"/env/list", open::READ).unwrap_or(-1);
    let mut buffer = [0; 8192];
    let n = file::read(fd, &mut buffer).map_or(-1, |n| n as i64);
    result("its length in /env", n);
    put(file::create(c"/env/list", open::WRITE, 0o666), b"");
    say!("getenv of an empty variable: '{}'", told());
    let _ = file::remove(c"/env/list");
    let at = buffer.as_mut_ptr() as usize;
    let n = raw(sysno::PREAD, [fd as usize, at, buffer.len(), 0, 0]);
    result("read of a variable removed meanwhile", n);
    let _ = file::close(fd);
    let found = if getenv().is_none() { "nil" } else { "not nil" };
    say!("getenv of none: {found}, '{}'", Why::take());
}
