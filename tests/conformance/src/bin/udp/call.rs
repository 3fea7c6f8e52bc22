//! One read or open that a proc of its own makes, so that it can be watched while it blocks.

use crate::conversation::shown;
use conformance::{Text, Why, child, handle_notes, pid};
use core::cell::UnsafeCell;
use core::ffi::CStr;
use core::sync::atomic::Ordering::SeqCst;
use core::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicUsize};
use plan9_abi::flags::open;
use plan9_abi::sys::{Result, file, process};

const MOST_CALLS: usize = 24;

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

#[derive(Clone, Copy)]
pub struct Call {
    slot: &'static Slot,
    opens: bool,
}

impl Call {
    /// A read of up to 100 bytes.
    pub fn read(fd: i32) -> Call {
        Call::start(false, move || file::read(fd, &mut [0; 100]).map(|n| n as i64))
    }

    pub fn open(name: &CStr) -> Call {
        Call::start(true, || file::open(name, open::RDWR).map(i64::from))
    }

    fn start(opens: bool, run: impl FnOnce() -> Result<i64>) -> Call {
        let slot = &SLOTS[USED.fetch_add(1, SeqCst)];
        child(|| {
            handle_notes();
            slot.pid.store(pid(), SeqCst);
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
        let _ = process::sleep(150);
        Call { slot, opens }
    }

    pub fn is_done(&self) -> bool {
        self.slot.done.load(SeqCst)
    }

    /// The descriptor that an open gave.
    pub fn fd(&self) -> i32 {
        self.slot.result.load(SeqCst) as i32
    }

    /// How it ended, if it does within a second.
    pub fn ended(&self) -> Text {
        for _ in 0..50 {
            if !self.is_done() {
                let _ = process::sleep(20);
            }
        }
        if !self.is_done() {
            return Text::new(format_args!("still blocked"));
        }
        let _ = process::sleep(60);
        let notes = self.slot.notes.load(SeqCst);
        let result = self.slot.result.load(SeqCst);
        if self.opens && result >= 0 {
            return Text::new(format_args!("an fd, notes={notes}"));
        }
        // SAFETY: it was written before `done`.
        let why = CStr::from_bytes_until_nul(unsafe { &*self.slot.why.get() }).unwrap_or(c"");
        let why = why.to_str().unwrap_or("?");
        Text::new(format_args!("{result} '{why}' notes={notes}"))
    }

    /// Writes to a file of the proc.
    pub fn tell(&self, name: &str, message: &[u8]) {
        let pid = self.slot.pid.load(SeqCst);
        let name = Text::new(format_args!("/proc/{pid}/{name}"));
        let told = file::open(name.as_c_str(), open::WRITE).and_then(|fd| {
            let told = file::write(fd, message);
            let _ = file::close(fd);
            told
        });
        if told.is_err() {
            conformance::say!("({}: {})", shown(&name), Why::take());
        }
    }
}
