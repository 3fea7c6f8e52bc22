//! Ending the program: every thread, with a status that reaches whoever waits.
//!
//! The kernel ends one proc at a time and knows of no program. Whoever waits, waits for the main proc, so the status
//! must become that proc's. A thread that exits writes the status down, kills the others, and posts a note to main:
//! the note handler, finding [`state`] to be `READY`, ends its proc with the status whatever the note says. Without a
//! handler the note's own text, which is the status, becomes the status all the same.

use super::private;
use super::text::Text;
use super::thread_control::{self, MAIN};
use crate::cell::UnsafeCell;
use crate::ffi::CStr;
use crate::ptr;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::SeqCst;
use plan9_abi::flags::open;
use plan9_abi::layout::ERRMAX;
use plan9_abi::sys::{file, process};

/// Values of the state: nobody exits; one thread has claimed it; the status is written.
pub const RUNNING: u32 = 0;
pub const CLAIMED: u32 = 1;
pub const READY: u32 = 2;

/// The status with its NUL, all zero for success.
pub struct Status(UnsafeCell<[u8; ERRMAX]>);

// SAFETY: one thread writes it, between CLAIMED and READY; others read it in READY.
unsafe impl Sync for Status {}

shared_static! {
    /// Whether the program is ending; the note handler reads it.
    pub static STATE: AtomicU32 = AtomicU32::new(RUNNING);
    "__rust_plan9_exit_state"
}

shared_static! {
    /// What it ends with; the note handler hands it to `exits`.
    pub static STATUS: Status = Status(UnsafeCell::new([0; ERRMAX]));
    "__rust_plan9_exit_status"
}

/// `std::process::exit`: 0 is success, which is the empty status; any other number is its decimal text.
pub fn exit(code: i32) -> ! {
    match code {
        0 => exit_with(c""),
        code => exit_with(Text::new(format_args!("{code}")).as_c_str()),
    }
}

/// Ends every thread of the program with this status.
pub fn exit_with(status: &CStr) -> ! {
    let me = private::pid();
    let main = MAIN.pid.load(SeqCst);
    if STATE.compare_exchange(RUNNING, CLAIMED, SeqCst, SeqCst).is_err() {
        // Another thread is at it, or this one already was.
        leave(me == main);
    }
    let bytes = status.to_bytes();
    let len = bytes.len().min(ERRMAX - 1);
    // SAFETY: the claim is ours, and nobody reads before READY.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), STATUS.0.get().cast(), len) };
    STATE.store(READY, SeqCst);
    for thread in thread_control::all().skip(1) {
        let pid = thread.pid.load(SeqCst);
        if pid != 0 && pid != me {
            tell(pid, "ctl", b"kill");
        }
    }
    if me != main && main != 0 {
        // A note must have a text; the handler ends main with the status whatever it is.
        let text = if len == 0 { &b"exit"[..] } else { &bytes[..len] };
        tell(main, "note", text);
    }
    leave(me == main)
}

/// Ends this proc, once the status stands if it is main's.
fn leave(is_main: bool) -> ! {
    if !is_main {
        process::exits(None);
    }
    while STATE.load(SeqCst) != READY {
        let _ = process::sleep(1);
    }
    // SAFETY: READY: written, and never again.
    let status = unsafe { &*STATUS.0.get() };
    process::exits(CStr::from_bytes_until_nul(status).ok().filter(|text| !text.is_empty()))
}

/// Ends this proc if the program is ending: for a thread that starts while another exits.
pub fn check() {
    if STATE.load(SeqCst) != RUNNING {
        leave(false);
    }
}

fn tell(pid: u32, what: &str, message: &[u8]) {
    let name = Text::new(format_args!("/proc/{pid}/{what}"));
    if let Ok(fd) = file::open(name.as_c_str(), open::WRITE | open::CEXEC) {
        let _ = file::write(fd, message);
        let _ = file::close(fd);
    }
}
