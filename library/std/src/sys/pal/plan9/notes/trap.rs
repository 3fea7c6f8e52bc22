//! What is said of a trap: the thread, the kernel's text, and where it was.
//!
//! The thread may have been interrupted inside the allocator or with a lock in hand. So it takes
//! neither: the stack is walked by frame pointers, within the bounds of the thread's own, and the
//! executable's tables are read through a small buffer, for all frames at a time.

use plan9_abi::sys::file;

use crate::cell::UnsafeCell;
use crate::fmt::Write;
use crate::sys::pal::small_cstr::SmallCStr;
use crate::sys::pal::symbols::Place;
use crate::sys::pal::{arch, symbols};
use crate::sys::thread::control::ThreadControl;
use crate::sys::thread::per_proc;
use crate::{fmt, str};

/// The most frames that are shown.
const FRAMES: usize = 24;

/// The frames: not on the stack, which may be at its end.
struct Places(UnsafeCell<[Place; FRAMES]>);

// SAFETY: the thread that has claimed the program's last note alone touches them.
unsafe impl Sync for Places {}

static PLACES: Places = Places(UnsafeCell::new([const { Place::NONE }; FRAMES]));

/// Writes to descriptor 2, in pieces: there is no line to keep together any more.
struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // An empty piece is none, to a pipe.
        if !text.is_empty() {
            let _ = file::write(2, text.as_bytes());
        }
        Ok(())
    }
}

/// Tells of the trap that interrupted `thread` at `pc`, with these stack and frame pointers.
///
/// # Safety
///
/// The thread must have claimed the program's last note, and its stack from `sp` up must be mapped
/// and stand still.
pub unsafe fn tell(thread: &ThreadControl, text: &[u8], pc: usize, sp: usize, bp: usize) {
    let shown = thread.shown_name();
    let text = str::from_utf8(text).unwrap_or("?");
    // One write for what must be read: other threads may be telling of theirs.
    let head = SmallCStr::new(format_args!("thread '{shown}' ({}): {text}\n", per_proc::pid()));
    let _ = file::write(2, head.as_bytes());
    // SAFETY: the caller's.
    let places = unsafe { &mut *PLACES.0.get() };
    // SAFETY: the caller's.
    let count = unsafe { walk(thread, pc, sp, bp, places) };
    let places = &mut places[..count];
    symbols::locate(places);
    for (number, place) in places.iter().enumerate() {
        let name = place.name();
        let _ = write!(Console, "{number:4}: {:#x} - {name}\n", place.pc);
        if let Some((file, line)) = place.source() {
            let _ = write!(Console, "             at {file}:{line}\n");
        }
    }
}

/// The program counters from `pc` outwards; how many there are.
///
/// # Safety
///
/// The stack of `thread` must be mapped and stand still.
unsafe fn walk(
    thread: &ThreadControl,
    pc: usize,
    sp: usize,
    mut bp: usize,
    places: &mut [Place],
) -> usize {
    let top = thread.stack_top.get();
    places[0].pc = pc;
    let (mut count, mut lowest) = (1, sp);
    // A frame is the caller's frame pointer and the return address; the chain goes up and ends with
    // 0.
    while count < places.len() && bp >= lowest && bp % 8 == 0 && bp < top.saturating_sub(16) {
        // SAFETY: two words within the thread's stack.
        let [next, back] = unsafe { arch::frame(bp) };
        if back == 0 {
            break;
        }
        // The call is before the place it returns to.
        places[count].pc = back - 1;
        count += 1;
        lowest = bp + 16;
        bp = next;
    }
    count
}
