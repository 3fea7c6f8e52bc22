//! TCP between two ends in one machine: what fills, what an interrupted or empty call does, and what one end sees of the
//! other's end. `interrupted` behind a read or write means that it blocked until this program's own alarm.

#![no_std]
#![no_main]

use conformance::conversation::Conversation;
use conformance::{Text, Why, child, handle_notes, long, post, say};
use core::sync::atomic::Ordering::SeqCst;
use core::sync::atomic::{AtomicI32, AtomicI64};
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
fn pair(port: u32) -> (Conversation, Conversation) {
    let announced = Conversation::new("tcp");
    announced.tell(long!("announce *!{port}").as_str());
    let caller = Conversation::new("tcp");
    let called = caller.tell(long!("connect 127.0.0.1!{port}").as_str());
    let accepter = announced.accept();
    announced.drop();
    if called.as_str() != "ok" || accepter.data < 0 {
        say!("pair: {called}, {}", Why::take());
        process::exits(Some(c"pair"));
    }
    (caller, accepter)
}

fn unpair(one: Conversation, other: Conversation) {
    one.drop();
    other.drop();
}

/// What stands in both queues, to 1 KiB.
fn queued(from: &Conversation, to: &Conversation) -> i64 {
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
    c.drop();
    for _ in 0..40 {
        if DRAINING.load(SeqCst) != 0 {
            let _ = process::sleep(50);
        }
    }
    let ended = DRAINING.load(SeqCst) == 0;
    say!("after the close the peer's read ended: {}", if ended { "yes" } else { "no" });
    s.drop();
}

/// The line of `status`, every number as N.
fn layout(end: &Conversation) {
    use core::fmt::Write;
    let status = end.whole("status");
    let mut out = conformance::Out;
    let _ = out.write_str("status: ");
    let mut digit = false;
    for &byte in status.bytes() {
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
    say!("length of data: {}, qin {}", s.length(), s.level("qin"));
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
        1 => drop(s.tell("close")),
        2 => drop(s.tell("hangup")),
        _ => {
            if way == 3 {
                // SAFETY: the child has its own copy of everything, and ends at once.
                if unsafe { process::rfork(rfork::PROC | rfork::FDG | rfork::NOWAIT) } == Ok(0) {
                    let _ = process::sleep(100);
                    process::exits(None);
                }
            }
            s.drop();
            (s.ctl, s.data) = (-1, -1);
            if way == 3 {
                let _ = process::sleep(300);
            }
        }
    }
    let _ = process::sleep(200);
    say!("\tstate {}, qin {}", c.state(), c.level("qin"));
    for _ in 0..5 {
        read("\tread", c.data, 10);
    }
    for _ in 0..3 {
        write("\twrite", c.data, 10);
        let _ = process::sleep(100);
    }
    read("\tread", c.data, 10);
    say!("\tstate {}", c.state());
    c.tell("hangup");
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
        1 => drop(c.tell("hangup")),
        2 => drop(c.tell("close")),
        3 => {
            s.drop();
            (s.ctl, s.data) = (-1, -1);
        }
        4 => drop(s.tell("hangup")),
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
    let announced = Conversation::new("tcp");
    announced.tell("announce *!7830");
    let mut callers = [announced; 12];
    let mut dialled = 0;
    for caller in &mut callers {
        *caller = Conversation::new("tcp");
        let told = caller.tell("connect 127.0.0.1!7830");
        dialled += u32::from(told.as_str() == "ok");
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
    announced.drop();
    let refused = Conversation::new("tcp");
    let told = refused.tell("connect 127.0.0.1!7839");
    say!("a port where nobody listens: {} {told}", if told.as_str() == "ok" { 0 } else { -1 });
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
