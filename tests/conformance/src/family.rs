//! Children and what is heard of them: their wait message, what their handler got, what the kernel wrote on fd 2.

use crate::text::{Long, Rules, norm, number};
use crate::{Why, raw, say};
use core::ffi::CStr;
use core::fmt;
use core::sync::atomic::Ordering::SeqCst;
use core::sync::atomic::{AtomicI32, AtomicUsize};
use plan9_abi::flags::{open, rfork};
use plan9_abi::sys::{Result, file, process, sync};
use plan9_abi::{dir, sysno};

/// The pipe whose other end is fd 2: the kernel's own words.
static SAID: AtomicI32 = AtomicI32::new(-1);
/// The pipe that handlers write their note to: the end that is read, the end that is written.
static EARS: [AtomicI32; 2] = [AtomicI32::new(-1), AtomicI32::new(-1)];
/// Where the bss ends now; 0 before the first growth.
static BREAK: AtomicUsize = AtomicUsize::new(0);
/// What children wait on and tell their parents with.
pub static SEM: AtomicI32 = AtomicI32::new(0);
pub static SEM2: AtomicI32 = AtomicI32::new(0);

/// Puts a pipe in the place of fd 2, and makes the one for handlers.
pub fn listen() {
    if let (Ok((said, two)), Ok((ear, mouth))) = (file::pipe(), file::pipe()) {
        let _ = file::dup(two, 2);
        let _ = file::close(two);
        SAID.store(said, SeqCst);
        EARS[0].store(ear, SeqCst);
        EARS[1].store(mouth, SeqCst);
    }
}

/// The descriptor on which the kernel's words are read.
pub fn said() -> i32 {
    SAID.load(SeqCst)
}

/// The bytes that lie in a pipe: the length that `fstat` gives.
pub fn lying(fd: i32) -> usize {
    let mut record = [0; 512];
    match file::fstat(fd, &mut record) {
        Ok(n) => dir::Dir::parse(&record[..n]).map_or(0, |(dir, _)| dir.length as usize),
        Err(_) => 0,
    }
}

fn drain(fd: i32) -> Long {
    let mut text = Long::empty();
    let mut part = [0; 1024];
    while text.bytes().len() < 1023 && lying(fd) > 0 {
        let room = 1023 - text.bytes().len();
        let n = file::read(fd, &mut part[..room]).unwrap_or(0);
        text.push(&part[..n]);
    }
    norm(text.bytes(), Rules::Line)
}

/// What handlers have heard since it was last asked.
pub fn heard() -> Long {
    drain(EARS[0].load(SeqCst))
}

/// What the kernel has said on fd 2 since it was last asked.
pub fn kernel_said() -> Long {
    drain(said())
}

/// Writes a note's text where [`heard`] finds it.
pub fn tell(note: &CStr) {
    let _ = file::write(EARS[1].load(SeqCst), note.to_bytes());
}

/// A note handler, made of a function of the Ureg's address and the note, which gives the argument of `noted`.
#[macro_export]
macro_rules! handler {
    ($name:ident, $does:expr) => {
        #[unsafe(naked)]
        pub unsafe extern "C" fn $name() {
            unsafe extern "C" fn on_note(ureg: *mut u8, note: *const core::ffi::c_char) {
                let does: fn(*mut u8, &core::ffi::CStr) -> u32 = $does;
                // SAFETY: the kernel ends the text with a NUL.
                let how = does(ureg, unsafe { core::ffi::CStr::from_ptr(note) });
                // SAFETY: what the Ureg says is resumed; the flags of this call are plain.
                let _ = unsafe { plan9_abi::sys::note::noted(how) };
            }
            core::arch::naked_asm!(
                "cld",
                "mov rdi, [rsp + {ureg}]",
                "mov rsi, [rsp + {text}]",
                "and rsp, -16",
                "call {on_note}",
                "ud2",
                ureg = const plan9_abi::ureg::frame::UREG_POINTER,
                text = const plan9_abi::ureg::frame::NOTE_POINTER,
                on_note = sym on_note,
            )
        }
    };
}

/// Sets this proc's handler, or takes it away.
pub fn notify(handler: Option<unsafe extern "C" fn()>) {
    raw(sysno::NOTIFY, [handler.map_or(0, |handler| handler as usize), 0, 0, 0, 0]);
}

/// Writes a text to a file of `/proc/N`; what write gave.
pub fn ctl(pid: i64, file: &str, text: &[u8]) -> i64 {
    let name = Long::new(format_args!("/proc/{pid}/{file}"));
    put(file::open(name.as_c_str(), open::WRITE), text)
}

/// Writes a text to what was opened, and closes it; -1 where a call failed.
pub fn put(fd: Result<i32>, text: &[u8]) -> i64 {
    let Ok(fd) = fd else { return -1 };
    let n = file::write(fd, text).map_or(-1, |n| n as i64);
    let why = Why::take();
    let _ = file::close(fd);
    why.put_back();
    n
}

/// Posts a note to this proc.
pub fn post(text: &[u8]) {
    ctl(me(), "note", text);
}

/// This proc's id.
pub fn me() -> i64 {
    i64::from(crate::pid())
}

/// Ends this proc with a text made in place.
pub fn exits(status: fmt::Arguments<'_>) -> ! {
    process::exits(Some(Long::new(status).as_c_str()))
}

/// `rfork` with `RFPROC`: runs something in the child, which then ends well; the child's pid.
pub fn spawn(flags: u32, run: impl FnOnce()) -> i64 {
    // SAFETY: the child stands on its own copy of this stack and ends below.
    match unsafe { process::rfork(rfork::PROC | flags) } {
        Ok(0) => {
            run();
            process::exits(None)
        }
        Ok(pid) => pid.into(),
        Err(_) => -1,
    }
}

/// fork(2): nothing but files' offsets is shared.
pub fn fork(run: impl FnOnce()) -> i64 {
    spawn(rfork::FDG | rfork::REND, run)
}

/// A child that waits for [`SEM`], 20 seconds at most, before it does anything.
pub fn start(flags: u32, run: impl FnOnce()) -> i64 {
    spawn(flags, || {
        let _ = sync::tsemacquire(&SEM, 20_000);
        run();
    })
}

/// Waits a while for [`SEM`].
pub fn pause() {
    let _ = sync::tsemacquire(&SEM, 20_000);
}

/// Awaits one child: its message without pid and times. A proc that is kept as Broken goes.
pub fn message() -> Long {
    let mut record = [0; 1023];
    let Ok(n) = process::await_child(&mut record) else {
        return Long::new(format_args!("{}", Why::take()));
    };
    let text = record[..n].splitn(5, |&b| b == b' ').nth(4).unwrap_or(b"?");
    ctl(number(&record), "ctl", b"kill");
    norm(text, Rules::Line)
}

/// Awaits a child and says its message, the note its handler got, what the kernel wrote on fd 2.
pub fn over(what: fmt::Arguments<'_>) {
    let mut line = Long::new(format_args!("{what}: wait message {}", message()));
    let got = heard();
    if !got.is_empty() {
        let _ = fmt::Write::write_fmt(&mut line, format_args!("; handler got '{got}'"));
    }
    let said = kernel_said();
    if !said.is_empty() {
        let _ = fmt::Write::write_fmt(&mut line, format_args!("; the kernel on fd 2: '{said}'"));
    }
    say!("{line}");
}

/// Does something in a child, which says `came back` if it does, and tells what became of it.
pub fn child(what: &str, run: fn()) {
    fork(|| {
        run();
        process::exits(Some(c"came back"))
    });
    over(format_args!("{what}"));
}

/// Says what a call gave, or the error string.
pub fn result(what: &str, value: i64) {
    match value {
        -1 => say!("{what}: '{}'", Why::take()),
        _ => say!("{what}: {value}"),
    }
}

/// Grows the bss by `n` bytes; where the growth begins.
pub fn sbrk(n: usize) -> usize {
    if BREAK.load(SeqCst) == 0 {
        BREAK.store(end_of_bss(), SeqCst);
    }
    let old = BREAK.load(SeqCst);
    brk(old + n);
    old
}

/// Sets the end of the bss, and remembers it if that was done.
pub fn brk(end: usize) -> i64 {
    let done = raw(sysno::BRK, [end, 0, 0, 0, 0]);
    if done == 0 {
        BREAK.store(end, SeqCst);
    }
    done
}

fn end_of_bss() -> usize {
    unsafe extern "C" {
        /// The linker's end of the bss.
        #[link_name = "__end"]
        static END: u8;
    }
    (&raw const END as usize).next_multiple_of(plan9_abi::layout::PAGE as usize)
}
