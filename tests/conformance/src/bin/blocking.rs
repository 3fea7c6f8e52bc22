//! A note at each kind of blocking call that `notes` does not have, in a handler and before the call, and their order.

#![no_std]
#![no_main]

use conformance::{HANDLED, Text, Why, child, handle_notes, later, pid, post, say};
use core::sync::atomic::AtomicI32;
use core::sync::atomic::Ordering::SeqCst;
use plan9_abi::flags::{open, rfork};
use plan9_abi::sys::{Result, file, process, sync};

static SEMAPHORE: AtomicI32 = AtomicI32::new(0);
static READING: AtomicI32 = AtomicI32::new(0);
/// What the next handler run does, 0 for nothing.
static IN_HANDLER: AtomicI32 = AtomicI32::new(0);
static FIRST: AtomicI32 = AtomicI32::new(99);
static SECOND: AtomicI32 = AtomicI32::new(99);

#[unsafe(no_mangle)]
fn in_handler(_ureg: *mut u8) -> u32 {
    if IN_HANDLER.swap(0, SeqCst) != 0 {
        // A second note waits until this handler is done. The way out of the call that posted it forgets that it is
        // pending, so it breaks no wait of the handler's.
        post(pid(), b"second");
        FIRST.store(process::sleep(20).map_or(-1, |()| 0), SeqCst);
        SECOND.store(process::sleep(20).map_or(-1, |()| 0), SeqCst);
    }
    plan9_abi::flags::noted::CONT
}

fn number<T>(result: Result<T>, value: impl FnOnce(T) -> i64) -> i64 {
    result.map_or(-1, value)
}

/// The error's text up to the name behind it, which holds a number that differs.
fn report(what: &str, result: i64) {
    let why = Text::new(format_args!("{}", Why::take()));
    let why = why.as_c_str().to_str().unwrap_or("?");
    let why = if result < 0 { why.split(": '").next().unwrap_or("") } else { "" };
    say!("{what}: {result} '{why}' notes {}", HANDLED.swap(0, SeqCst));
}

fn number_of(ctl: i32) -> u32 {
    let mut digits = [0; 16];
    let n = file::read(ctl, &mut digits).unwrap_or(0);
    let digits = digits[..n].iter().filter(|byte| byte.is_ascii_digit());
    digits.fold(0, |n, byte| 10 * n + u32::from(byte - b'0'))
}

fn open_file(number: u32, file: &str) -> Result<i32> {
    file::open(Text::new(format_args!("/net/tcp/{number}/{file}")).as_c_str(), open::RDWR)
}

/// Two ends of a conversation, as data descriptors.
fn conversation(port: u32) -> Option<(i32, i32, u32)> {
    let announced = file::open(c"/net/tcp/clone", open::RDWR).ok()?;
    let listener = number_of(announced);
    let command = Text::new(format_args!("announce 127.0.0.1!{port}"));
    file::write(announced, command.as_c_str().to_bytes()).ok()?;
    let calling = file::open(c"/net/tcp/clone", open::RDWR).ok()?;
    let caller = number_of(calling);
    let command = Text::new(format_args!("connect 127.0.0.1!{port}"));
    file::write(calling, command.as_c_str().to_bytes()).ok()?;
    let called = number_of(open_file(listener, "listen").ok()?);
    Some((open_file(caller, "data").ok()?, open_file(called, "data").ok()?, listener))
}

fn network() {
    let Some((near, _far, listener)) = conversation(19_777) else { return say!("no conversation") };
    let mut buffer = [0; 16];
    later(100, b"note");
    report("tcp read", number(file::read(near, &mut buffer), |n| n as i64));
    let reader = child(|| {
        READING.store(1, SeqCst);
        let _ = file::read(near, &mut [0; 16]);
    });
    while READING.load(SeqCst) == 0 {
        let _ = process::sleep(10);
    }
    let _ = process::sleep(50);
    later(100, b"note");
    report("second reader", number(file::read(near, &mut buffer), |n| n as i64));
    post(reader, b"note");
    let _ = process::sleep(50);
    HANDLED.store(0, SeqCst);
    later(100, b"note");
    report("listen", number(open_file(listener, "listen"), i64::from));
    let piece = [0; 8192];
    later(300, b"note");
    let mut whole = 0;
    let full = loop {
        match file::write(near, &piece) {
            Ok(_) => whole += 1,
            Err(_) => break -1,
        }
    };
    report("tcp write until full", full);
    say!("whole writes before it: {whole} of {} bytes", piece.len());
    later(100, b"note");
    report("empty tcp write", number(file::write(near, &[]), |n| n as i64));
}

fn children() {
    let mut record = [0; 128];
    // SAFETY: the child runs on its own copy of this stack and never returns from here.
    match unsafe { process::rfork(rfork::PROC | rfork::MEM) } {
        Ok(0) => {
            let _ = process::sleep(600);
            process::exits(Some(c"done"));
        }
        Ok(_) => {}
        Err(_) => return say!("no child"),
    }
    later(100, b"note");
    report("await", number(process::await_child(&mut record), |n| n as i64));
    let name = Text::new(format_args!("/proc/{}/wait", pid()));
    let wait = file::open(name.as_c_str(), open::READ).unwrap_or(-1);
    later(100, b"note");
    report("read of wait", number(file::read(wait, &mut record), |n| n as i64));
    let _ = file::close(wait);
    let taken = process::await_child(&mut record).is_ok();
    say!("the record is still there: {taken}");
    report("await without children", number(process::await_child(&mut record), |n| n as i64));
}

#[unsafe(no_mangle)]
fn probe() {
    handle_notes();
    network();
    children();

    // A note that was posted before, in user mode, breaks nothing; nor does one that was posted in the handler.
    post(pid(), b"note");
    report("sleep after a note", number(process::sleep(20), |()| 0));
    IN_HANDLER.store(1, SeqCst);
    post(pid(), b"first");
    report("after both", number(process::sleep(20), |()| 0));
    say!("sleeps in the handler: {} {}", FIRST.load(SeqCst), SECOND.load(SeqCst));

    SEMAPHORE.store(1, SeqCst);
    later(100, b"note");
    let _ = process::sleep(200);
    report("semacquire, one there", number(sync::semacquire(&SEMAPHORE, true), i64::from));
    report("semacquire, none, not waiting", number(sync::semacquire(&SEMAPHORE, false), i64::from));
    report("tsemacquire of 0", number(sync::tsemacquire(&SEMAPHORE, 0), i64::from));
    report("semrelease", number(sync::semrelease(&SEMAPHORE, 2), i64::from));
    say!("semaphore {}", SEMAPHORE.load(SeqCst));
    report("sleep of 0", number(process::sleep(0), |()| 0));
}
