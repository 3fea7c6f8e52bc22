//! How notes meet blocking calls: what blocked, what came back, whether the handler ran first.

#![no_std]
#![no_main]

use conformance::{
    HANDLED, HANDLER_ORDER, LAST_LENGTH, ORDER, Text, Why, child, handle_notes, later, pid, post,
    say,
};
use core::sync::atomic::AtomicI32;
use core::sync::atomic::Ordering::SeqCst;
use plan9_abi::flags::open;
use plan9_abi::sys::{Result, file, process, sync};

static SEMAPHORE: AtomicI32 = AtomicI32::new(0);
static GO: AtomicI32 = AtomicI32::new(0);

fn number<T>(result: Result<T>, value: impl FnOnce(T) -> i64) -> i64 {
    result.map_or(-1, value)
}

fn report(what: &str, result: i64) {
    let returned = ORDER.fetch_add(1, SeqCst) + 1;
    let why = Why::take();
    let why =
        if result == -1 { Text::new(format_args!("{why}")) } else { Text::new(format_args!("")) };
    let handled = HANDLED.swap(0, SeqCst);
    let first = match handled {
        0 => "-",
        _ if HANDLER_ORDER.load(SeqCst) < returned => "yes",
        _ => "no",
    };
    let why = why.as_c_str().to_str().unwrap_or("?");
    say!("{what}: ret={result} errstr='{why}' handled={handled} handler-before-return={first}");
    ORDER.store(0, SeqCst);
    HANDLER_ORDER.store(0, SeqCst);
}

conformance::counting_handler!();

#[unsafe(no_mangle)]
fn probe() {
    handle_notes();
    let mut buffer = [0; 8192];

    let Ok((near, far)) = file::pipe() else { return say!("no pipe") };
    later(100, b"probe1");
    report("read pipe", number(file::read(near, &mut buffer[..10]), |n| n as i64));
    later(100, b"probe2");
    report("sleep 1000", number(process::sleep(1000), |()| 0));
    later(100, b"probe3");
    report("semacquire", number(sync::semacquire(&SEMAPHORE, true), i64::from));
    say!("sem after interrupted semacquire: {}", SEMAPHORE.load(SeqCst));
    later(100, b"probe4");
    report("tsemacquire 1000", number(sync::tsemacquire(&SEMAPHORE, 1000), i64::from));
    report("tsemacquire 50 expires", number(sync::tsemacquire(&SEMAPHORE, 50), i64::from));
    later(100, b"probe5");
    report("rendezvous", sync::rendezvous(0x1234, 1) as i64);

    later(300, b"probe6");
    let mut whole = 0;
    let full = loop {
        match file::write(near, &buffer) {
            Ok(_) if whole < 1000 => whole += 1,
            result => break number(result, |n| n as i64),
        }
    };
    report("write full pipe", full);
    say!("whole writes before the interrupted one: {whole} of {} bytes", buffer.len());
    let _ = file::close(near);
    let mut total = 0;
    while let Ok(n @ 1..) = file::read(far, &mut buffer) {
        total += n;
    }
    say!("bytes that came out: {total} = {} whole writes", total / buffer.len());
    let _ = file::close(far);

    let Ok((near, _far)) = file::pipe() else { return say!("no pipe") };
    later(50, b"probe7");
    while HANDLED.load(SeqCst) == 0 {
        core::hint::spin_loop();
    }
    later(300, b"probe7b");
    let start = process::nsec();
    let n = number(file::read(near, &mut buffer[..1]), |n| n as i64);
    let waited = process::nsec() - start;
    let after = if waited > 200_000_000 { "the next note" } else { "no wait" };
    say!("note handled before read: read returned {n} after {after}");
    HANDLED.store(0, SeqCst);
    ORDER.store(0, SeqCst);

    let stopped = child(|| {
        while GO.load(SeqCst) == 0 {
            let _ = process::sleep(10);
        }
    });
    let name = Text::new(format_args!("/proc/{stopped}/ctl"));
    let Ok(ctl) = file::open(name.as_c_str(), open::WRITE) else { return say!("no ctl") };
    let _ = file::write(ctl, b"stop");
    let mut accepted = 0;
    while accepted < 8 && post(stopped, b"fill") {
        accepted += 1;
    }
    if accepted < 8 {
        say!("note {} to a stopped proc: refused, '{}'", accepted + 1, Why::take());
    }
    say!("notes accepted: {accepted}");
    let _ = file::write(ctl, b"start");
    let _ = file::close(ctl);
    GO.store(1, SeqCst);
    let _ = process::sleep(100);

    let name = Text::new(format_args!("/proc/{}/note", pid()));
    let Ok(note) = file::open(name.as_c_str(), open::WRITE) else { return say!("no note") };
    let n = number(file::write(note, &[b'x'; 200]), |n| n as i64);
    let why = Why::take();
    let _ = process::sleep(0);
    say!("200-byte note: write={n} '{why}' delivered length={}", LAST_LENGTH.load(SeqCst));
    HANDLED.store(0, SeqCst);
    let n = number(file::write(note, b""), |n| n as i64);
    let why = Why::take();
    let _ = process::sleep(0);
    say!("0-byte note: write={n} '{why}' handled={}", HANDLED.load(SeqCst));
}
