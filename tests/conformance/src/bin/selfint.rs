//! A proc that writes `interrupt` to its own `ctl` before a call makes that call fail at once instead of blocking.

#![no_std]
#![no_main]

use conformance::{HANDLED, Text, Why, handle_notes, long, pid, say};
use core::fmt;
use core::sync::atomic::AtomicI32;
use core::sync::atomic::Ordering::SeqCst;
use plan9_abi::flags::open;
use plan9_abi::sys::{Result, file, process, sync};

static SEMAPHORE: AtomicI32 = AtomicI32::new(0);

/// What a call gave: a number, or -1 with its reason.
struct Given(i64, Text);

fn given<T>(result: Result<T>, value: impl FnOnce(T) -> i64) -> Given {
    match result {
        Ok(n) => Given(value(n), Text::new(format_args!(""))),
        Err(_) => Given(-1, Text::new(format_args!("{}", Why::take()))),
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} '{}'", self.0, self.1.as_c_str().to_str().unwrap_or("?"))
    }
}

fn tell(what: &str, given: &Given) {
    say!("{what}: {given} notes {}", HANDLED.swap(0, SeqCst));
}

/// Makes the call under a pending interrupt, and takes the interrupt back.
fn under<T>(ctl: i32, what: &str, call: impl FnOnce() -> Result<T>, value: impl FnOnce(T) -> i64) {
    if file::write(ctl, b"interrupt").is_err() {
        say!("interrupt: {}", Why::take());
    }
    let given = given(call(), value);
    if file::write(ctl, b"nointerrupt").is_err() {
        say!("nointerrupt: {}", Why::take());
    }
    tell(what, &given);
}

/// A clone's `ctl` and number.
fn conversation() -> (i32, u32) {
    let mut digits = [0; 16];
    let ctl = file::open(c"/net/tcp/clone", open::RDWR).unwrap_or(-1);
    (ctl, number(ctl, &mut digits))
}

fn number(ctl: i32, digits: &mut [u8; 16]) -> u32 {
    let n = file::read(ctl, digits).unwrap_or(0);
    digits[..n].iter().filter(|b| b.is_ascii_digit()).fold(0, |n, b| 10 * n + u32::from(b - b'0'))
}

/// The file on the golden machine: which number a conversation gets depends on what else a machine does.
const GOLDEN_NAME: &str = "/net/tcp/1/listen";

/// Under a pending interrupt; the C library's `listen` wraps the reason.
fn listen(ctl: i32, what: &str, name: &Text) {
    let _ = file::write(ctl, b"interrupt");
    let opened = file::open(name.as_c_str(), open::RDWR);
    let why = long!("{}", Why::take());
    let _ = file::write(ctl, b"nointerrupt");
    // The kernel names the file.
    let path = long!(": '{}'", name.as_c_str().to_str().unwrap_or("?"));
    let why = match why.as_str().strip_suffix(path.as_str()) {
        Some(why) => long!("{why}: '{GOLDEN_NAME}'"),
        None => why,
    };
    match opened {
        Ok(_) => say!("{what}: 1 '' notes {}", HANDLED.swap(0, SeqCst)),
        Err(_) => {
            let notes = HANDLED.swap(0, SeqCst);
            say!("{what}: -1 'listen opening {GOLDEN_NAME}: {why}' notes {notes}")
        }
    }
}

conformance::counting_handler!();

#[unsafe(no_mangle)]
fn probe() {
    handle_notes();
    conformance::load_all();
    let name = Text::new(format_args!("/proc/{}/ctl", pid()));
    let ctl = file::open(name.as_c_str(), open::WRITE).unwrap_or(-1);
    let (announced, n) = conversation();
    let _ = file::write(announced, b"announce *!7792");
    let path = Text::new(format_args!("/net/tcp/{n}/listen"));
    listen(ctl, "listen, nobody calls", &path);
    let (caller, n) = conversation();
    let _ = file::write(caller, b"connect 127.0.0.1!7792");
    let _ = process::sleep(100);
    listen(ctl, "listen, a call waits", &path);
    let call = file::open(path.as_c_str(), open::RDWR).unwrap_or(-1);
    let accepted = number(call, &mut [0; 16]);
    let data = |n| {
        let name = Text::new(format_args!("/net/tcp/{n}/data"));
        file::open(name.as_c_str(), open::RDWR).unwrap_or(-1)
    };
    let (near, far) = (data(n), data(accepted));
    let mut ten = [0; 10];

    under(ctl, "tcp read, nothing there", || file::read(far, &mut ten), |n| n as i64);
    let _ = file::write(near, b"hello");
    let _ = process::sleep(50);
    under(ctl, "tcp read, 5 bytes there", || file::read(far, &mut ten), |n| n as i64);
    under(ctl, "tcp empty write, room", || file::write(near, b""), |n| n as i64);
    let mut last = Given(0, Text::new(format_args!("")));
    for _ in 0..500 {
        let _ = file::write(ctl, b"interrupt");
        last = given(file::write(near, &[0; 8192]), |n| n as i64);
        let _ = file::write(ctl, b"nointerrupt");
        if last.0 < 0 {
            break;
        }
    }
    tell("tcp write until full", &last);
    under(ctl, "tcp empty write, full", || file::write(near, b""), |n| n as i64);
    under(ctl, "tcp empty write, full, again", || file::write(near, b""), |n| n as i64);
    tell("sleep after all that", &given(process::sleep(1), |()| 0));
    let Ok((one, other)) = file::pipe() else { return say!("no pipe") };
    under(ctl, "pipe read, nothing there", || file::read(one, &mut ten), |n| n as i64);
    let _ = file::write(other, b"hey");
    under(ctl, "pipe read, 3 bytes there", || file::read(one, &mut ten), |n| n as i64);
    under(ctl, "semacquire, none", || sync::semacquire(&SEMAPHORE, true), i64::from);
    SEMAPHORE.store(1, SeqCst);
    under(ctl, "semacquire, one", || sync::semacquire(&SEMAPHORE, true), i64::from);
    under(ctl, "sleep", || process::sleep(10), |()| 0);
    let _ = file::write(ctl, b"interrupt");
    let _ = file::write(ctl, b"nointerrupt");
    tell("sleep after interrupt and nointerrupt", &given(process::sleep(1), |()| 0));
}
