//! What the probes share: a start without std, printing, a note handler, children that post notes.
//!
//! A probe runs on the kernel's own stack, as a C program does: statics are shared with an RFMEM child, the stack is
//! copied.

#![no_std]

pub mod conversation;
pub mod family;
pub mod late;
pub mod report;
pub mod tcp;
pub mod text;
pub mod watched;

use core::arch::naked_asm;
use core::ffi::CStr;
use core::fmt::{self, Write};
use core::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use plan9_abi::flags::{open, rfork};
use plan9_abi::layout::{ERRMAX, MASKED_MXCSR, PAGE};
use plan9_abi::sys::{error, file, note, process};
use plan9_abi::tos;

unsafe extern "Rust" {
    /// The probe.
    safe fn probe();

    /// What the probe does in its handler, with the Ureg; gives the argument of `noted`.
    fn in_handler(ureg: *mut u8) -> u32;
}

static TOS: AtomicUsize = AtomicUsize::new(0);
/// Where the kernel put argc, argv and the strings.
static START: AtomicUsize = AtomicUsize::new(0);

/// The entry point: masks floating-point exceptions, aligns the stack, runs the probe.
///
/// # Safety
///
/// The kernel's alone to call.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _start() -> ! {
    naked_asm!(
        "cld",
        "mov rsi, rsp",
        "and rsp, -16",
        "sub rsp, 16",
        "mov dword ptr [rsp], {mxcsr}",
        "ldmxcsr [rsp]",
        "mov rdi, rax",
        "call {main}",
        "ud2",
        mxcsr = const MASKED_MXCSR,
        main = sym main,
    )
}

extern "C" fn main(tos: usize, start: usize) -> ! {
    TOS.store(tos, SeqCst);
    START.store(start, SeqCst);
    probe();
    process::exits(None)
}

/// An argument of the probe, the first of which is its name.
pub fn argument(n: usize) -> Option<&'static CStr> {
    let start = START.load(SeqCst) as *const usize;
    // SAFETY: argc, then as many pointers to strings, and a null one; the kernel's, for as long as the program runs.
    unsafe {
        let text = start.add(1 + n).read();
        (n < start.read() && text != 0).then(|| CStr::from_ptr(text as *const _))
    }
}

/// A system call with whatever arguments, bad ones included, and its result as a C program sees it.
pub fn raw(number: usize, [a, b, c, d, e]: [usize; 5]) -> i64 {
    // SAFETY: what the kernel makes of the arguments is what the probe asks; those it may write through are the
    // caller's, or no memory at all.
    unsafe { plan9_abi::syscall::syscall(number, a, b, c, d, e) as i64 }
}

/// This proc's id.
pub fn pid() -> u32 {
    // SAFETY: the kernel gave the address, which is mapped in every proc.
    unsafe { ((TOS.load(SeqCst) + tos::PID) as *const u32).read_volatile() }
}

/// Standard output, a write for each piece of a line.
pub struct Out;

impl Write for Out {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // A write of nothing to a pipe is an end for whoever reads it.
        if text.is_empty() {
            return Ok(());
        }
        file::write(1, text.as_bytes()).map(drop).map_err(|_| fmt::Error)
    }
}

/// Prints a line.
#[macro_export]
macro_rules! say {
    ($($arg:tt)*) => {{
        let _ = core::fmt::Write::write_fmt(&mut $crate::Out, format_args!("{}\n", format_args!($($arg)*)));
    }};
}

/// A text made in place, as long as a line may be.
#[macro_export]
macro_rules! long {
    ($($arg:tt)*) => { $crate::text::Long::new(format_args!($($arg)*)) };
}

/// A short text made in place, with a NUL behind it.
pub struct Text {
    bytes: [u8; 128],
    len: usize,
}

impl Text {
    pub fn new(args: fmt::Arguments<'_>) -> Text {
        let mut text = Text { bytes: [0; 128], len: 0 };
        let _ = text.write_fmt(args);
        text
    }

    pub fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or(c"")
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        if end >= self.bytes.len() {
            return Err(fmt::Error);
        }
        self.bytes[self.len..end].copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// Reads a byte of every page of the executable, which the kernel loads when they are first touched: a page that comes
/// from a file server is waited for, and that wait takes an interrupt that was meant for a call.
pub fn load_all() {
    let mut text = [0; 2048];
    let name = Text::new(format_args!("#p/{}/segment", pid()));
    let Ok(fd) = file::open(name.as_c_str(), open::READ) else { return };
    let n = file::read(fd, &mut text).unwrap_or(0);
    let _ = file::close(fd);
    let segments = core::str::from_utf8(&text[..n]).unwrap_or("");
    for line in segments.lines().filter(|line| line.starts_with("Text") || line.starts_with("Data"))
    {
        // A name, perhaps letters, and the two addresses (man 3/proc).
        let address = |word: &str| usize::from_str_radix(word, 16).ok().filter(|_| word.len() > 4);
        let mut ends = line.split_whitespace().filter_map(address);
        let (Some(start), Some(end)) = (ends.next(), ends.next()) else { continue };
        for page in (start..end).step_by(PAGE as usize) {
            // SAFETY: the kernel says that the program has this page, and nothing takes it away.
            unsafe { (page as *const u8).read_volatile() };
        }
    }
}

/// Notes handled since the last report, their order among other events, and the last one's length.
pub static HANDLED: AtomicUsize = AtomicUsize::new(0);
pub static ORDER: AtomicUsize = AtomicUsize::new(0);
pub static HANDLER_ORDER: AtomicUsize = AtomicUsize::new(0);
pub static LAST_LENGTH: AtomicUsize = AtomicUsize::new(0);

/// Handles every note by counting it.
pub fn handle_notes() {
    // SAFETY: the handler follows the kernel's convention and ends in noted.
    let _ = unsafe { note::notify(handler as *const ()) };
}

handler!(handler, count);

fn count(ureg: *mut u8, text: &CStr) -> u32 {
    HANDLED.fetch_add(1, SeqCst);
    HANDLER_ORDER.store(ORDER.fetch_add(1, SeqCst) + 1, SeqCst);
    LAST_LENGTH.store(text.count_bytes(), SeqCst);
    // SAFETY: the probe's, linked with this.
    unsafe { in_handler(ureg) }
}

/// For probes whose handler only counts.
#[macro_export]
macro_rules! counting_handler {
    () => {
        #[unsafe(no_mangle)]
        fn in_handler(_ureg: *mut u8) -> u32 {
            plan9_abi::flags::noted::CONT
        }
    };
}

/// Posts a note; false if it was refused.
pub fn post(pid: u32, text: &[u8]) -> bool {
    let name = Text::new(format_args!("/proc/{pid}/note"));
    let Ok(fd) = file::open(name.as_c_str(), open::WRITE) else { return false };
    let posted = file::write(fd, text).is_ok();
    let _ = file::close(fd);
    posted
}

/// Runs something on an RFMEM child, whose stack is a copy of ours; its pid.
pub fn child(run: impl FnOnce()) -> u32 {
    // SAFETY: the child runs on its own copy of this stack and never returns from here.
    match unsafe { process::rfork(rfork::PROC | rfork::MEM | rfork::NOWAIT) } {
        Ok(0) => {
            run();
            process::exits(None)
        }
        Ok(pid) => pid as u32,
        Err(_) => 0,
    }
}

/// A child posts a note to us after so many milliseconds.
pub fn later(ms: u32, text: &'static [u8]) {
    let me = pid();
    child(|| {
        let _ = process::sleep(ms);
        post(me, text);
    });
}

/// The error string, taken.
pub struct Why([u8; ERRMAX]);

impl Why {
    pub fn take() -> Why {
        Why(error::take())
    }

    /// Makes it the error string again.
    pub fn put_back(mut self) {
        error::swap(&mut self.0);
    }

    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::str::from_utf8(error::until_nul(&self.0)).unwrap_or("?"))
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    process::exits(Some(c"panic"))
}

/// core was built to unwind and asks for this name; nothing here unwinds.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
