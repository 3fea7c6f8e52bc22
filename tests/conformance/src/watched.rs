//! One call that a proc of its own makes, so that it can be watched while it blocks.

use crate::conversation::masked;
use crate::text::Long;
use crate::{Text, Why, child, handle_notes, long, pid, put};
use core::cell::UnsafeCell;
use core::ffi::CStr;
use core::sync::atomic::Ordering::SeqCst;
use core::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicUsize};
use plan9_abi::flags::open;
use plan9_abi::sys::{Result, file, process};

const MOST_CALLS: usize = 96;
/// How long a call has to get where it blocks, and a note to be counted after it has ended, in milliseconds.
const SETTLE_MS: u32 = 150;
const LATE_NOTE_MS: u32 = 60;

/// What the child tells, in memory that both see.
struct Slot {
    pid: AtomicU32,
    notes: AtomicU32,
    done: AtomicBool,
    result: AtomicI64,
    why: UnsafeCell<[u8; 128]>,
}

// SAFETY: the child alone writes `why`, before it sets `done`; it is read after that.
unsafe impl Sync for Slot {}

static SLOTS: [Slot; MOST_CALLS] = [const {
    Slot {
        pid: AtomicU32::new(0),
        notes: AtomicU32::new(0),
        done: AtomicBool::new(false),
        result: AtomicI64::new(0),
        why: UnsafeCell::new([0; 128]),
    }
}; MOST_CALLS];
static USED: AtomicUsize = AtomicUsize::new(0);

/// The note handler's part: counts the note for the call whose proc it came to.
pub fn count_note() {
    let me = pid();
    if let Some(slot) = SLOTS.iter().find(|slot| slot.pid.load(SeqCst) == me) {
        slot.notes.fetch_add(1, SeqCst);
    }
}

/// For probes whose handler only counts notes for the watched calls.
#[macro_export]
macro_rules! watched_handler {
    () => {
        #[unsafe(no_mangle)]
        fn in_handler(_ureg: *mut u8) -> u32 {
            $crate::watched::count_note();
            plan9_abi::flags::noted::CONT
        }
    };
}

#[derive(Clone, Copy)]
pub struct Call {
    slot: &'static Slot,
    opens: bool,
}

impl Call {
    /// A read of up to `n` bytes, 100 at most.
    pub fn read(fd: i32, n: usize) -> Call {
        Call::start(0, false, move || file::read(fd, &mut [0; 100][..n]).map(|n| n as i64))
    }

    pub fn open(name: &CStr) -> Call {
        Call::start(0, true, || file::open(name, open::RDWR).map(i64::from))
    }

    pub fn write(fd: i32, bytes: &[u8]) -> Call {
        Call::start(0, false, move || file::write(fd, bytes).map(|n| n as i64))
    }

    /// A read, an open or a write under an alarm of its own, after so many milliseconds.
    pub fn start(alarm: u32, opens: bool, run: impl FnOnce() -> Result<i64>) -> Call {
        let slot = &SLOTS[USED.fetch_add(1, SeqCst)];
        child(|| {
            handle_notes();
            slot.pid.store(pid(), SeqCst);
            if alarm > 0 {
                let _ = process::alarm(alarm);
            }
            match run() {
                Ok(n) => slot.result.store(n, SeqCst),
                Err(_) => {
                    let why = Text::new(format_args!("{}", Why::take()));
                    let bytes = why.as_c_str().to_bytes();
                    // SAFETY: nobody reads it before `done`.
                    let place = unsafe { &mut *slot.why.get() };
                    place[..bytes.len()].copy_from_slice(bytes);
                    slot.result.store(-1, SeqCst);
                }
            }
            slot.done.store(true, SeqCst);
            let _ = process::sleep(100);
        });
        let _ = process::sleep(SETTLE_MS + alarm);
        Call { slot, opens }
    }

    pub fn is_done(&self) -> bool {
        self.slot.done.load(SeqCst)
    }

    /// The descriptor that an open gave, once it has.
    pub fn fd(&self) -> Option<i32> {
        let fd = self.slot.result.load(SeqCst) as i32;
        (self.is_done() && fd >= 0).then_some(fd)
    }

    /// How it ended, if it does within a little more than half a second.
    pub fn ended(&self) -> Long {
        for _ in 0..30 {
            if !self.is_done() {
                let _ = process::sleep(20);
            }
        }
        if !self.is_done() {
            return long!("still blocked");
        }
        let _ = process::sleep(LATE_NOTE_MS);
        let notes = self.slot.notes.load(SeqCst);
        let result = self.slot.result.load(SeqCst);
        if self.opens && result >= 0 {
            return long!("an fd, notes={notes}");
        }
        // SAFETY: it was written before `done`.
        let why = CStr::from_bytes_until_nul(unsafe { &*self.slot.why.get() }).unwrap_or(c"");
        let why = why.to_str().unwrap_or("?");
        long!("{result} '{why}' notes={notes}")
    }

    /// Writes to a file of the proc; says, in front of the next line, if that could not be done.
    pub fn tell(&self, name: &str, message: &str) {
        let pid = self.slot.pid.load(SeqCst);
        let path = Text::new(format_args!("/proc/{pid}/{name}"));
        let told = file::open(path.as_c_str(), open::WRITE).and_then(|fd| {
            let told = file::write(fd, message.as_bytes());
            let _ = file::close(fd);
            told
        });
        if told.is_err() {
            put!("({name} {message}: {}) ", masked(long!("{}", Why::take()).as_str()));
        }
    }

    /// Ends the proc, if its call blocks still.
    pub fn stop(&self) {
        if !self.is_done() {
            self.tell("ctl", "kill");
        }
    }
}
