//! Where answers lie in the file, and what a note does to a query.

use conformance::{HANDLED, Out, Text, Why, pid};
use core::ffi::CStr;
use core::fmt::Write;
use core::sync::atomic::Ordering::SeqCst;
use plan9_abi::flags::open;
use plan9_abi::sys::{file, process};

const CS: &CStr = c"/net/cs";
const QUERY: &[u8] = b"tcp!127.0.0.1!80";

fn opened(mode: u32) -> i32 {
    file::open(CS, mode).unwrap_or(-1)
}

/// Reads, and prints how much came and, for a text, what.
fn piece(label: &str, fd: i32, n: usize, offset: i64, text: bool) {
    let mut buffer = [0; 200];
    let read = file::pread(fd, &mut buffer[..n], offset);
    let came = &buffer[..read.unwrap_or(0)];
    let count = read.map_or(-1, |n| n as i64);
    let _ = write!(Out, "{label}{count}");
    if text {
        let _ = write!(Out, " '{}'", core::str::from_utf8(came).unwrap_or("?"));
    }
}

fn text_at_start(label: &str, fd: i32) {
    let mut buffer = [0; 100];
    let n = file::pread(fd, &mut buffer, 0).unwrap_or(0);
    let _ = writeln!(Out, "{label}'{}'", core::str::from_utf8(&buffer[..n]).unwrap_or("?"));
}

fn written(label: &str, fd: i32, query: &[u8], end: &str) {
    let _ = match file::write(fd, query) {
        Ok(_) => write!(Out, "{label}ok{end}"),
        Err(_) => write!(Out, "{label}'{}'{end}", Why::take()),
    };
}

pub fn pieces() {
    let mut out = Out;
    let fd = opened(open::RDWR);
    piece("read before any query: ", fd, 200, file::CURRENT, false);
    let _ = file::write(fd, QUERY);
    piece("\nno seek after the write, read 5: ", fd, 5, file::CURRENT, false);
    let _ = file::seek(fd, 0, 0);
    piece("; after seek 0: ", fd, 5, file::CURRENT, true);
    piece(", then ", fd, 100, file::CURRENT, true);
    piece(", then ", fd, 100, file::CURRENT, false);
    let _ = file::seek(fd, 0, 0);
    piece("; seek 0 again: ", fd, 100, file::CURRENT, false);
    piece("; pread at 4: ", fd, 100, 4, true);
    piece("; pread at 1000: ", fd, 100, 1000, false);
    let n = file::pwrite(fd, b"tcp!127.0.0.1!81", 500).map_or(-1, |n| n as i64);
    let _ = write!(out, "\npwrite at 500: {n}");
    text_at_start("; pread at 0: ", fd);
    let _ = file::write(fd, b"tcp!127.0.0.1!nosuch");
    piece("after a failed query: read ", fd, 100, 0, false);
    let _ = file::write(fd, b"tcp!::1!80");
    text_at_start("; the next query: ", fd);
    written("two lines: ", fd, b"tcp!127.0.0.1!80\ntcp!127.0.0.1!81\n", "");
    piece("; ", fd, 100, 0, true);
    written("\nwith a newline: ", fd, b"tcp!127.0.0.1!80\n", "\n");
    let _ = file::close(fd);
    let fd = opened(open::READ);
    written("opened for reading, write: ", fd, b"x", "");
    let _ = file::close(fd);
    let fd = opened(open::RDWR | open::TRUNC);
    let _ = match fd {
        -1 => writeln!(out, "; opened with OTRUNC: '{}'", Why::take()),
        _ => writeln!(out, "; opened with OTRUNC: ok"),
    };
    let _ = file::close(fd);
}

pub fn interrupted() {
    let fd = opened(open::RDWR);
    let ctl = Text::new(format_args!("/proc/{}/ctl", pid()));
    let ctl = file::open(ctl.as_c_str(), open::WRITE).unwrap_or(-1);
    let _ = file::write(ctl, b"interrupt");
    written("query with an interrupt pending: ", fd, QUERY, "");
    piece("; then read: ", fd, 199, 0, true);
    let _ = file::close(fd);
    let _ = file::close(ctl);
    // A name that nobody answers for, and a note in between.
    let fd = opened(open::RDWR);
    let _ = process::alarm(300);
    HANDLED.store(0, SeqCst);
    let start = process::nsec();
    written(
        "\nquery of nosuch.example.com, alarm after 300 ms: ",
        fd,
        b"tcp!nosuch.example.com!80",
        "",
    );
    let took = (process::nsec() - start) / 1_000_000;
    let _ = process::alarm(0);
    let when = if took < 600 { "at once" } else { "late" };
    let _ = writeln!(Out, ", notes={}, {when}", HANDLED.load(SeqCst));
    let _ = file::close(fd);
}
