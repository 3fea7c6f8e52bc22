//! Ending the program: every thread, with a status that reaches whoever waits.
//!
//! The kernel ends one proc at a time and knows of no program. Whoever waits, waits for the main
//! proc, so the status must become that proc's. A thread that exits writes the status down, kills
//! the others, and posts a note to main: the note handler, finding [`STATE`] to be `READY`, ends
//! its proc with the status whatever the note says. Without a handler the note's own text, which is
//! the status, becomes the status all the same. A note to the thread that does all this does not
//! stop it half way: who would not be ended then would wait for ever, and hold the program's files.
//!
//! Every message to another proc goes through a file that must be opened, and a program may have
//! used up its descriptors. Then the proc that ends the program takes a table of its own, a copy,
//! and closes standard input there.
//!
//! A proc of the user `none` can open no other's files, not even those of its own program
//! (`port/devproc.c:nonone`); but what each thread has opened of its own can be written to by all.
//! So there, each does as it begins.

use plan9_abi::errors;
use plan9_abi::errors::Kind;
use plan9_abi::flags::{open, rfork};
use plan9_abi::layout::ERRMAX;
use plan9_abi::note::{CTL_INTERRUPT, CTL_KILL};
use plan9_abi::sys::{file, process};

use super::devices::open_device;
use super::errstr::retry;
use super::small_cstr::SmallCStr;
use super::{errstr, proc_file};
use crate::cell::UnsafeCell;
use crate::ffi::CStr;
use crate::ptr;
use crate::sync::atomic::Ordering::{Relaxed, SeqCst};
use crate::sync::atomic::{AtomicI32, AtomicU32};
use crate::sys::thread::control::{MAIN, ThreadControl};
use crate::sys::thread::{control, per_proc};

/// Values of the state: nobody exits; one thread has claimed it; the status is written; or one has
/// trapped, and the program is being left for a debugger ([`broken`](super::broken)). It goes from
/// `RUNNING` to `CLAIMED` and `READY`, or to `BROKEN`, and whoever moves it from `RUNNING` is the
/// [`ENDER`]. The handler acts on `BROKEN` for notes that come to the ender and to main, so the
/// ender's pid must be there first: all is sequentially consistent.
pub const RUNNING: u32 = 0;
pub const CLAIMED: u32 = 1;
pub const READY: u32 = 2;
pub const BROKEN: u32 = 3;

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

shared_static! {
    /// The proc that has claimed the end, 0 before.
    pub static ENDER: AtomicU32 = AtomicU32::new(0);
    "__rust_plan9_exit_ender"
}

/// Whether each thread has to open its own files: not asked yet, no, yes.
const UNKNOWN: u32 = 0;
const NOT_NEEDED: u32 = 1;
const NEEDED: u32 = 2;

shared_static! {
    static OWN_FILES: AtomicU32 = AtomicU32::new(UNKNOWN);
    "__rust_plan9_exit_own_files"
}

/// Before a thread is started, on the thread that starts it.
pub fn before_thread(current: &ThreadControl) {
    if OWN_FILES.load(Relaxed) == UNKNOWN {
        let needed = is_nobody();
        OWN_FILES.store(if needed { NEEDED } else { NOT_NEEDED }, Relaxed);
        // The first is started by main, which is ended by a note if that can be.
        open_own(current, &current.note_fd, "note");
        open_own(current, &current.ctl_fd, "ctl");
    }
}

/// As a thread begins.
pub fn thread_begins(thread: &ThreadControl) {
    open_own(thread, &thread.ctl_fd, "ctl");
}

/// A thread's own file, where others could not open it.
fn open_own(thread: &ThreadControl, kept: &AtomicI32, what: &str) {
    if OWN_FILES.load(Relaxed) == NEEDED
        && kept.load(Relaxed) < 0
        && let Ok(fd) = proc_file::open(thread.pid.load(Relaxed), what, open::WRITE)
    {
        kept.store(fd, SeqCst);
    }
}

/// Whether this proc's user is `none`.
fn is_nobody() -> bool {
    let mut name = [0; 8];
    let opened = open_device(c"#c/user", c"/dev/user", open::READ | open::CEXEC);
    let Ok(fd) = opened else { return false };
    let read = file::read(fd, &mut name);
    let _ = file::close(fd);
    read.is_ok_and(|n| &name[..n] == b"none")
}

/// `std::process::exit`: 0 is success, which is the empty status; any other number is its decimal
/// text.
pub fn exit(code: i32) -> ! {
    match code {
        0 => exit_with(c""),
        code => exit_with(SmallCStr::new(format_args!("{code}")).as_c_str()),
    }
}

/// Ends every thread of the program with this status.
pub fn exit_with(status: &CStr) -> ! {
    if per_proc::is_launched() {
        // A copy of this program that is to become another one: those threads are not its own.
        process::exits(Some(status).filter(|status| !status.is_empty()));
    }
    let me = per_proc::pid();
    let main = MAIN.pid.load(SeqCst);
    if STATE.compare_exchange(RUNNING, CLAIMED, SeqCst, SeqCst).is_err() {
        // Another thread is at it, or this one already was.
        leave(me == main);
    }
    ENDER.store(me, SeqCst);
    let bytes = status.to_bytes();
    let len = bytes.len().min(ERRMAX - 1);
    // SAFETY: the claim is ours, and nobody reads before READY.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), STATUS.0.get().cast(), len) };
    STATE.store(READY, SeqCst);
    for thread in control::all().skip(1) {
        let pid = thread.pid.load(SeqCst);
        if pid != 0 && pid != me {
            kill(thread, pid);
        }
    }
    if me != main && main != 0 {
        // A note must have a text; the handler ends main with the status whatever it is.
        end_main(main, if len == 0 { b"exit" } else { &bytes[..len] });
    }
    leave(me == main)
}

/// Makes the calling thread the one that leaves the program to a debugger. If another is ending it
/// already, that goes on.
pub fn claim_broken(me: u32) {
    if ENDER.compare_exchange(0, me, SeqCst, SeqCst).is_err()
        || STATE.compare_exchange(RUNNING, BROKEN, SeqCst, SeqCst).is_err()
    {
        leave(me == MAIN.pid.load(SeqCst));
    }
}

/// The pauses between two notes to main, in milliseconds: together long enough for a machine that
/// has much else to do.
pub const PAUSES_MS: [u32; 6] = [0, 1, 10, 100, 1000, 1000];

/// Ends main by a note, again where the kernel has swallowed its interrupt (`port/fault.c:fault`),
/// and by force where it waits as no note can break: for a queue that holds twice what it may
/// (`port/qio.c:qbloated`). Then the status is lost.
fn end_main(main: u32, text: &[u8]) {
    for pause in PAUSES_MS {
        let _ = process::sleep(pause);
        if !order(main, "note", &MAIN.note_fd, &[text])
            && errstr::last_error_is_kind(Kind::NotFound)
        {
            return;
        }
    }
    kill(&MAIN, main);
}

/// Ends a thread's proc by force. The kernel drops its own note, and the wake with it, where five
/// notes wait for their handler (`port/proc.c:killproc`, `pushnote`); `interrupt` wakes all the
/// same.
pub fn kill(thread: &ThreadControl, pid: u32) {
    order(pid, "ctl", &thread.ctl_fd, &[CTL_KILL, CTL_INTERRUPT]);
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

/// Closes the thread's own files; nothing is armed any more. While the program ends they stay
/// open: who ends it may be writing to them, and must not write to what is opened next. Either
/// it finds none here, or the state is seen to have changed: both sides are sequentially
/// consistent.
pub fn close_files(thread: &ThreadControl) {
    for kept in [&thread.note_fd, &thread.ctl_fd] {
        let fd = kept.swap(-1, SeqCst);
        if fd >= 0 && STATE.load(SeqCst) == RUNNING {
            let _ = file::close(fd);
        }
    }
}

/// Ends this proc if the program is ending: for a thread that starts while another exits.
pub fn check() {
    if STATE.load(SeqCst) != RUNNING {
        leave(false);
    }
}

/// Writes messages to a thread's file, or if that cannot be opened to what the thread has opened
/// itself: it no longer closes that ([`close_files`]). False if the kernel refused
/// one, for the reason in the error string.
pub fn order(pid: u32, what: &str, own: &AtomicI32, messages: &[&[u8]]) -> bool {
    let open = || proc_file::open(pid, what, open::WRITE);
    let mut opened = open();
    if opened.is_err() && errstr::last_error_is(errors::NO_DESCRIPTORS) {
        own_descriptors();
        opened = open();
    }
    let Some(fd) = opened.ok().or(Some(own.load(SeqCst)).filter(|&fd| fd >= 0)) else {
        return false;
    };
    let written = messages.iter().all(|message| retry(|| file::write(fd, message)).is_ok());
    if opened.is_ok() {
        // Unless it fails, this leaves the error string alone.
        let _ = file::close(fd);
    }
    written
}

/// Gives the calling proc a table of descriptors of its own, with room for one more: what it opens
/// in order to end the others. What it reads from standard input is of no interest any more.
pub fn own_descriptors() {
    const STDIN: i32 = 0;
    // SAFETY: no proc is made.
    if unsafe { process::rfork(rfork::FDG) }.is_ok() {
        let _ = file::close(STDIN);
    }
}

/// Whether this program's procs cannot open each other's files.
pub fn is_without_files() -> bool {
    OWN_FILES.load(Relaxed) == NEEDED
}
