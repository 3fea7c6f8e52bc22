//! TCP between two ends in one machine: what fills, what an interrupted or empty call does, and what one end sees of the
//! other's end. `interrupted` behind a read or write means that it blocked until this program's own alarm.

#![no_std]
#![no_main]

use conformance::{Text, Why, child, handle_notes, post, say};
use core::sync::atomic::Ordering::SeqCst;
use core::sync::atomic::{AtomicI32, AtomicI64};
use plan9_abi::dir::Dir;
use plan9_abi::flags::{open, rfork};
use plan9_abi::sys::{Result, file, process};

conformance::counting_handler!();

const PIECE: usize = 65_536;
const MOST: usize = 400;

static DRAINED: AtomicI64 = AtomicI64::new(0);
static DRAINING: AtomicI32 = AtomicI32::new(0);
static DONE: AtomicI32 = AtomicI32::new(0);
static RESULT: AtomicI64 = AtomicI64::new(0);
static INTERRUPTED: AtomicI32 = AtomicI32::new(0);

/// One end of a conversation.
#[derive(Clone, Copy)]
struct End {
    ctl: i32,
    data: i32,
    number: u32,
}

impl End {
    fn of(ctl: i32) -> End {
        let mut digits = [0; 16];
        let n = file::read(ctl, &mut digits).unwrap_or(0);
        let digits = digits[..n].iter().filter(|byte| byte.is_ascii_digit());
        let number = digits.fold(0, |n, byte| 10 * n + u32::from(byte - b'0'));
        End { ctl, data: -1, number }
    }

    fn clone_file() -> End {
        End::of(file::open(c"/net/tcp/clone", open::RDWR).unwrap_or(-1))
    }

    fn name(&self, file: &str) -> Text {
        Text::new(format_args!("/net/tcp/{}/{file}", self.number))
    }

    fn open_data(&mut self) {
        self.data = file::open(self.name("data").as_c_str(), open::RDWR).unwrap_or(-1);
    }

    fn tell(&self, message: &[u8]) -> bool {
        file::write(self.ctl, message).is_ok()
    }

    fn status(&self, buffer: &mut [u8; 512]) -> usize {
        let fd = file::open(self.name("status").as_c_str(), open::READ).unwrap_or(-1);
        let n = file::read(fd, buffer).unwrap_or(0);
        let _ = file::close(fd);
        n
    }

    fn level(&self, key: &str) -> i64 {
        let mut buffer = [0; 512];
        let n = self.status(&mut buffer);
        let text = core::str::from_utf8(&buffer[..n]).unwrap_or("");
        let mut words = text.split_ascii_whitespace();
        let found = words.find(|&word| word == key).and_then(|_| words.next());
        found.and_then(|word| word.parse().ok()).unwrap_or(-1)
    }

    fn state(&self) -> Text {
        let mut buffer = [0; 512];
        let n = self.status(&mut buffer);
        let text = core::str::from_utf8(&buffer[..n]).unwrap_or("");
        Text::new(format_args!("{}", text.split(' ').next().unwrap_or("")))
    }

    fn close(&self) {
        for fd in [self.data, self.ctl] {
            if fd >= 0 {
                let _ = file::close(fd);
            }
        }
    }
}

fn shown(text: &Text) -> &str {
    text.as_c_str().to_str().unwrap_or("?")
}

/// One call that may block, for so many milliseconds at most: what it gave and why it failed.
fn bounded(ms: u32, call: impl FnOnce() -> Result<usize>) -> (i64, Text) {
    let _ = process::alarm(ms);
    let result = call();
    let failed = result.is_err();
    let why = if failed {
        Text::new(format_args!("{}", Why::take()))
    } else {
        Text::new(format_args!(""))
    };
    let _ = process::alarm(0);
    (result.map_or(-1, |n| n as i64), why)
}

fn report(what: &str, call: impl FnOnce() -> Result<usize>) {
    let (n, why) = bounded(400, call);
    match n {
        -1 => say!("{what}: '{}'", shown(&why)),
        n => say!("{what}: {n}"),
    }
}

fn read(what: &str, fd: i32, n: usize) {
    let mut buffer = [0; 16];
    report(what, || file::read(fd, &mut buffer[..n]));
}

fn write(what: &str, fd: i32, n: usize) {
    report(what, || file::write(fd, &[0; 16][..n]));
}

/// The caller's end and the accepter's.
fn pair(port: u32) -> (End, End) {
    let announced = End::clone_file();
    let told = Text::new(format_args!("announce *!{port}"));
    let mut fine = announced.tell(told.as_c_str().to_bytes());
    let mut caller = End::clone_file();
    let told = Text::new(format_args!("connect 127.0.0.1!{port}"));
    fine &= caller.tell(told.as_c_str().to_bytes());
    caller.open_data();
    let ctl = file::open(announced.name("listen").as_c_str(), open::RDWR).unwrap_or(-1);
    let mut accepter = End::of(ctl);
    accepter.open_data();
    announced.close();
    if !fine || accepter.data < 0 {
        say!("pair: {}", Why::take());
        process::exits(Some(c"pair"));
    }
    (caller, accepter)
}

fn unpair(one: End, other: End) {
    one.close();
    other.close();
}

/// What stands in both queues, to 1 KiB.
fn queued(from: &End, to: &End) -> i64 {
    (from.level("qout") + to.level("qin") + 512) & !1023
}

fn queues() {
    let (c, s) = pair(7810);
    let data = [0; PIECE];
    let piece = PIECE as i64;
    let mut whole = 0;
    while whole < MOST && bounded(1500, || file::write(c.data, &data)).0 >= 0 {
        whole += 1;
    }
    let unspliced = c.level("qout") > 0;
    say!("spliced: {}", if unspliced { "no" } else { "yes" });
    let mut sum = (whole as i64 + 1) * piece;
    say!(
        "whole writes of 65536 before one blocked: {whole}; qout {}, the peer's qin {}; the interrupted one is in a queue: {}",
        if unspliced { "N" } else { "0" },
        if s.level("qin") > 0 { "N" } else { "0" },
        if queued(&c, &s) == sum { "yes" } else { "no" }
    );
    for (what, len) in [("a further write", PIECE), ("an empty write", 0)] {
        for _ in 0..3 {
            let before = queued(&c, &s);
            let (n, why) = bounded(500, || file::write(c.data, &data[..len]));
            let more = queued(&c, &s) - before;
            say!("{what}: {n} '{}', queued {more} more", shown(&why));
            sum += len as i64;
        }
    }
    DRAINING.store(1, SeqCst);
    child(|| {
        let _ = process::sleep(300);
        let mut buffer = [0; PIECE];
        while let Ok(n @ 1..) = file::read(s.data, &mut buffer) {
            DRAINED.fetch_add(n as i64, SeqCst);
        }
        DRAINING.store(0, SeqCst);
    });
    let start = process::nsec();
    let (n, _) = bounded(5000, || file::write(c.data, b""));
    let took = (process::nsec() - start) / 1_000_000;
    let when = if (250..3000).contains(&took) { "then" } else { "at another time" };
    say!("an empty write, the peer begins to read after 300 ms: {n}, {when}");
    sum += bounded(1000, || file::write(c.data, &data[..100])).0;
    for _ in 0..100 {
        if DRAINED.load(SeqCst) < sum {
            let _ = process::sleep(50);
        }
    }
    let _ = process::sleep(200);
    let all = DRAINED.load(SeqCst) == sum;
    say!("the peer has read all that was queued and no more: {}", if all { "yes" } else { "no" });
    say!("qout {}, the peer's qin {}", c.level("qout"), s.level("qin"));
    c.close();
    for _ in 0..40 {
        if DRAINING.load(SeqCst) != 0 {
            let _ = process::sleep(50);
        }
    }
    let ended = DRAINING.load(SeqCst) == 0;
    say!("after the close the peer's read ended: {}", if ended { "yes" } else { "no" });
    s.close();
}

/// The line of `status`, every number as N.
fn layout(end: &End) {
    use core::fmt::Write;
    let mut buffer = [0; 512];
    let n = end.status(&mut buffer);
    let mut out = conformance::Out;
    let _ = out.write_str("status: ");
    let mut digit = false;
    for &byte in &buffer[..n] {
        if !byte.is_ascii_digit() {
            let _ = out.write_char(byte.into());
        } else if !digit {
            let _ = out.write_char('N');
        }
        digit = byte.is_ascii_digit();
    }
}

fn empties() {
    let (c, s) = pair(7811);
    layout(&c);
    read("a read of 0 bytes, nothing there", s.data, 0);
    let _ = file::write(c.data, b"hello");
    let _ = process::sleep(100);
    let mut record = [0; 512];
    let length = file::fstat(s.data, &mut record).ok();
    let length = length.and_then(|_| Dir::parse(&record)).map_or(0, |(dir, _)| dir.length);
    say!("length of data: {length}, qin {}", s.level("qin"));
    read("a read of 0 bytes, 5 there", s.data, 0);
    read("then a read of 3", s.data, 3);
    read("then a read of 10", s.data, 10);
    write("a write of 0 bytes", c.data, 0);
    read("does the peer see it", s.data, 10);
    unpair(c, s);
}

fn gone(way: usize) {
    const HOW: [&str; 4] =
        ["closed its fds", "wrote close to its ctl", "wrote hangup to its ctl", "exited"];
    let (c, mut s) = pair(7812 + way as u32);
    say!("the other end {}, 5 bytes of it unread:", HOW[way]);
    let _ = file::write(s.data, b"hello");
    match way {
        1 => drop(s.tell(b"close")),
        2 => drop(s.tell(b"hangup")),
        _ => {
            if way == 3 {
                // SAFETY: the child has its own copy of everything, and ends at once.
                if unsafe { process::rfork(rfork::PROC | rfork::FDG | rfork::NOWAIT) } == Ok(0) {
                    let _ = process::sleep(100);
                    process::exits(None);
                }
            }
            s.close();
            (s.ctl, s.data) = (-1, -1);
            if way == 3 {
                let _ = process::sleep(300);
            }
        }
    }
    let _ = process::sleep(200);
    say!("\tstate {}, qin {}", shown(&c.state()), c.level("qin"));
    for _ in 0..5 {
        read("\tread", c.data, 10);
    }
    for _ in 0..3 {
        write("\twrite", c.data, 10);
        let _ = process::sleep(100);
    }
    read("\tread", c.data, 10);
    say!("\tstate {}", shown(&c.state()));
    c.tell(b"hangup");
    unpair(c, s);
}

fn wakes(what: &str, way: u32) {
    let (mut c, mut s) = pair(7820 + way);
    DONE.store(0, SeqCst);
    let reader = child(|| {
        let mut buffer = [0; 10];
        let (n, why) = bounded(2500, || file::read(c.data, &mut buffer));
        RESULT.store(n, SeqCst);
        INTERRUPTED.store(i32::from(shown(&why) == "interrupted"), SeqCst);
        DONE.store(1, SeqCst);
    });
    let _ = process::sleep(300);
    match way {
        0 => {
            let _ = file::close(c.data);
            c.data = -1;
        }
        1 => drop(c.tell(b"hangup")),
        2 => drop(c.tell(b"close")),
        3 => {
            s.close();
            (s.ctl, s.data) = (-1, -1);
        }
        4 => drop(s.tell(b"hangup")),
        5 => drop(file::write(s.data, b"hello")),
        _ => drop(post(reader, b"note")),
    }
    let _ = process::sleep(300);
    let blocked = DONE.load(SeqCst) == 0;
    while DONE.load(SeqCst) == 0 {
        let _ = process::sleep(50);
    }
    let on = if blocked { " goes on, until an alarm:" } else { "" };
    let why = if INTERRUPTED.load(SeqCst) != 0 { "interrupted" } else { "" };
    say!("a blocked read, {what}:{on} {} '{why}'", RESULT.load(SeqCst));
    unpair(c, s);
}

fn calls() {
    let announced = End::clone_file();
    announced.tell(b"announce *!7830");
    let mut callers = [End { ctl: -1, data: -1, number: 0 }; 12];
    let mut dialled = 0;
    for caller in &mut callers {
        *caller = End::clone_file();
        dialled += u32::from(caller.tell(b"connect 127.0.0.1!7830"));
        caller.open_data();
    }
    say!("12 calls that nobody takes: {dialled} dialled");
    let _ = process::sleep(300);
    for (n, caller) in callers.iter().enumerate() {
        let (got, why) = bounded(100, || file::read(caller.data, &mut [0]));
        if shown(&why) != "interrupted" {
            say!("call {}: read {got} '{}'", n + 1, shown(&why));
        }
    }
    let mut taken = 0;
    let listen = announced.name("listen");
    let take = || file::open(listen.as_c_str(), open::RDWR).map(|fd| fd as usize);
    while taken < 12 {
        let (fd, _) = bounded(300, take);
        if fd < 0 {
            break;
        }
        let _ = file::close(fd as i32);
        taken += 1;
    }
    say!("taken afterwards: {taken}");
    announced.close();
    let refused = End::clone_file();
    let n = if refused.tell(b"connect 127.0.0.1!7839") { 0 } else { -1 };
    say!("a port where nobody listens: {n} '{}'", Why::take());
}

#[unsafe(no_mangle)]
fn probe() {
    handle_notes();
    queues();
    empties();
    (0..4).for_each(gone);
    wakes("another proc closes the fd", 0);
    wakes("hangup on its ctl", 1);
    wakes("close on its ctl", 2);
    wakes("the peer closes", 3);
    wakes("hangup on the peer's ctl", 4);
    wakes("the peer writes 5 bytes", 5);
    wakes("a note", 6);
    calls();
}
