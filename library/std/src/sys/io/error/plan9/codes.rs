//! Error strings as the numbers that `io::Error` keeps.
//!
//! The texts of [`plan9_abi::errors`] have fixed codes. Any other text gets one here, in a bounded
//! table that only grows, so that it can be shown exactly as the kernel said it. Beyond the bound
//! all further texts share one code, whose text says so.
//!
//! A code stands for a text without the path that 9front adds to many. The whole string of the last
//! failure stays with the thread.

#[cfg(test)]
mod tests;

use plan9_abi::errors::{self, FIRST_INTERNED};
use plan9_abi::layout::ERRMAX;
use plan9_abi::sys::error;

use crate::cell::UnsafeCell;
use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::{Acquire, Release};
use crate::sys::pal::shared_static;
use crate::sys::sync::Mutex;
use crate::sys::thread::per_proc;

/// Texts that can be remembered.
const MOST: usize = 256;

/// The code of every text that no longer could.
const FORGOTTEN: i32 = FIRST_INTERNED + MOST as i32;

struct Table {
    lock: Mutex,
    used: AtomicUsize,
    texts: UnsafeCell<[[u8; ERRMAX]; MOST]>,
}

// SAFETY: a text is written under the lock, before `used` covers it, and never again.
unsafe impl Sync for Table {}

shared_static! {
    static TABLE: Table = Table {
        lock: Mutex::new(),
        used: AtomicUsize::new(0),
        texts: UnsafeCell::new([[0; ERRMAX]; MOST]),
    };
    "__rust_plan9_error_texts"
}

impl Table {
    fn used(&self) -> &[[u8; ERRMAX]] {
        let used = self.used.load(Acquire);
        // SAFETY: the first `used` texts are written and stay.
        unsafe { crate::slice::from_raw_parts(self.texts.get().cast(), used) }
    }

    fn find(&self, text: &[u8]) -> Option<i32> {
        let at = self.used().iter().position(|known| error::until_nul(known) == text)?;
        Some(FIRST_INTERNED + at as i32)
    }

    fn intern(&self, text: &[u8]) -> i32 {
        if let Some(code) = self.find(text) {
            return code;
        }
        self.lock.lock();
        let code = self.find(text).unwrap_or_else(|| {
            let at = self.used.load(Acquire);
            if at == MOST {
                return FORGOTTEN;
            }
            let mut kept = [0; ERRMAX];
            let len = text.len().min(ERRMAX - 1);
            kept[..len].copy_from_slice(&text[..len]);
            // SAFETY: the lock is held, and nobody reads a text that `used` does not cover.
            unsafe { self.texts.get().cast::<[u8; ERRMAX]>().add(at).write(kept) };
            self.used.store(at + 1, Release);
            FIRST_INTERNED + at as i32
        });
        // SAFETY: locked above.
        unsafe { self.lock.unlock() };
        code
    }
}

/// The code of an error text.
pub fn code_of(text: &[u8]) -> i32 {
    if text.is_empty() {
        return errors::NO_ERROR;
    }
    match crate::str::from_utf8(text).ok().and_then(errors::classify) {
        Some(known) => known.code,
        None => TABLE.intern(text),
    }
}

/// The code of the kernel's error string of this thread, which is empty afterwards: it is kept
/// here, whole, for [`last`].
pub fn take() -> i32 {
    let text = error::take();
    if let Some(thread) = per_proc::current() {
        thread.errstr.set(text);
    }
    code_of(error::until_nul(&text))
}

/// The last error string of this thread, with its NUL: the kernel's, or what [`take`] took if that
/// has been the last.
pub fn last() -> [u8; ERRMAX] {
    let mut text = error::take();
    if text[0] == 0 {
        return per_proc::current().map_or(text, |thread| thread.errstr.get());
    }
    let kept = text;
    error::swap(&mut text);
    kept
}

/// Makes this the error string of this thread; what is longer than the kernel keeps is cut.
pub fn set_last(text: &str) {
    let mut kept = [0; ERRMAX];
    let len = text.floor_char_boundary(ERRMAX - 1);
    kept[..len].copy_from_slice(&text.as_bytes()[..len]);
    error::swap(&mut kept);
}

/// The text of a code; `None` for a code that never was one.
pub fn text_of(code: i32) -> Option<&'static [u8]> {
    if let Some(known) = errors::by_code(code) {
        return Some(known.text.as_bytes());
    }
    if code == FORGOTTEN {
        return Some(b"an error text that did not fit the table of texts");
    }
    let at = usize::try_from(code.checked_sub(FIRST_INTERNED)?).ok()?;
    TABLE.used().get(at).map(|text| error::until_nul(text))
}
