//! A program that trapped, left for a debugger.
//!
//! On Plan 9 a proc that traps stays `Broken`, with its memory and registers, and acid or db is
//! started on it. The kernel keeps four such procs and lets the oldest go for a fifth
//! (`port/proc.c:addbroken`), so a program takes two at most. It is left like this:
//!
//! | proc | state | by |
//! |---|---|---|
//! | the one that trapped | `Broken` | the same trap a second time, left to the kernel |
//! | main, if it is another | `Broken` | a note, `proc N: TEXT` |
//! | all others | `Stopped` | their ctl files |
//! | a copy of the one that trapped | asleep | a fork |
//!
//! The one that trapped gets its registers back and does the instruction again; its handler then
//! has the kernel do what it does where there is no handler. Whoever waits for the program waits
//! for main, and hears of a broken proc what it hears of a dead one.
//!
//! The copy is made if there are others. It sees to main and to the files, and then looks each
//! second whether the one that trapped is still kept. When it is not, or when somebody ends the
//! copy, it kills all: nobody else would end stopped procs.
//!
//! Nobody who waits for a file of the program may hang, so its descriptors are closed. The copy
//! does that last, for nobody waits for it: a file of the program may be served by one of its own
//! threads, which answers no more. The procs that break let go only of what others still hold.

use plan9_abi::flags::{open, rfork};
use plan9_abi::note::{CTL_CLOSE_FILES, CTL_INTERRUPT, CTL_KILL, CTL_NOINTERRUPT, CTL_STOP};
use plan9_abi::sys::{file, process};

use super::small_cstr::SmallCStr;
use super::{exit, proc_file};
use crate::ffi::CStr;
use crate::sync::atomic::Ordering::SeqCst;
use crate::sys::thread::control::{MAIN, ThreadControl};
use crate::sys::thread::{control, per_proc, watchdog};

/// How the note to main begins; its handler compares the first four bytes.
pub const TOLD: [u8; 4] = *b"proc";

/// How long the trapping instruction may take to trap again, in milliseconds: the note `alarm` ends
/// what does not.
const AGAIN_MS: u32 = 1000;

/// How often it is looked whether it has, in milliseconds.
const SOON_MS: u32 = 5;

/// How often it is looked whether the program is still kept, in milliseconds.
const LOOK_MS: u32 = 1000;

/// Stops the others and sees to it that main is told; the calling thread, whose descriptors are its
/// own, is to trap again afterwards.
pub fn stay(text: &CStr) {
    let me = per_proc::pid();
    exit::claim_broken(me);
    let others = || {
        let all = control::all().skip(1);
        all.filter(move |thread| ![0, me].contains(&thread.pid.load(SeqCst)))
    };
    stop_all(others());
    let text = text.to_str().unwrap_or("?");
    let told = SmallCStr::new(format_args!("proc {me}: {text}"));
    let finish = || {
        let main = MAIN.pid.load(SeqCst);
        if main != me && main != 0 {
            break_main(main, told.as_bytes());
        }
        if let Some(thread) = others().next() {
            exit::order(thread.pid.load(SeqCst), "ctl", &thread.ctl_fd, &[CTL_CLOSE_FILES]);
        }
    };
    if others().next().is_none() || !leave_reaper(me, finish) {
        finish();
    }
    let _ = process::alarm(AGAIN_MS);
}

/// Orders each proc to stop, and wakes it so that it does.
///
/// The kernel takes the order and then waits for the proc to follow it, which one that sleeps does
/// not. So the wait must fail: an `interrupt` to oneself is kept for the next wait. A kernel that
/// has no such message gets no order, and the procs are killed.
fn stop_all(threads: impl Iterator<Item = &'static ThreadControl>) {
    let own = proc_file::open(per_proc::pid(), "ctl", open::WRITE);
    for thread in threads {
        let pid = thread.pid.load(SeqCst);
        let opened = proc_file::open(pid, "ctl", open::WRITE);
        let fd = opened.unwrap_or(thread.ctl_fd.load(SeqCst));
        if own.is_ok_and(|own| file::write(own, CTL_INTERRUPT).is_ok()) {
            let _ = file::write(fd, CTL_STOP);
        } else {
            let _ = file::write(fd, CTL_KILL);
        }
        let _ = file::write(fd, CTL_INTERRUPT);
        if opened.is_ok() {
            let _ = file::close(fd);
        }
    }
    if let Ok(own) = own {
        let _ = file::write(own, CTL_NOINTERRUPT);
        let _ = file::close(own);
    }
}

/// Posts the note by which main breaks, again where the kernel has swallowed its interrupt, and
/// ends it by force where that is of no use, as [`exit`] does.
fn break_main(main: u32, text: &[u8]) {
    for pause in exit::PAUSES_MS {
        let _ = process::sleep(pause);
        if watchdog::is_gone(main) {
            return;
        }
        exit::order(main, "note", &MAIN.note_fd, &[text]);
    }
    exit::kill(&MAIN, main);
}

/// Makes the proc that waits until the one that trapped is broken, finishes then, and ends the
/// stopped ones when nobody can look at them any more. It is a copy: it shares no memory, has no
/// descriptors, and no note to the program's group reaches it. False if there can be none.
fn leave_reaper(broken: u32, finish: impl Fn()) -> bool {
    const FLAGS: u32 = rfork::PROC | rfork::NOWAIT | rfork::CFDG | rfork::NOTEG;
    if exit::is_without_files() {
        return false;
    }
    // SAFETY: without MEM the child has a copy of this stack too.
    match unsafe { process::rfork(FLAGS) } {
        Ok(0) => {}
        other => return other.is_ok(),
    }
    while !watchdog::is_gone(broken) {
        let _ = process::sleep(SOON_MS);
    }
    finish();
    // The handler lets no note end this proc, but a note breaks its sleep.
    while process::sleep(LOOK_MS).is_ok() && is_kept(broken) {}
    for thread in control::all() {
        let pid = thread.pid.load(SeqCst);
        if pid != 0 {
            exit::kill(thread, pid);
        }
    }
    process::exits(None)
}

/// Whether the kernel still has a proc.
fn is_kept(pid: u32) -> bool {
    let opened = proc_file::open(pid, "status", open::READ);
    opened.is_ok_and(|fd| file::close(fd).is_ok())
}
