//! Keys with destructors. Variables themselves are emulated thread-locals; std needs one key to
//! hear of thread exit.

pub mod emulated;

use crate::ptr;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::atomic::{AtomicPtr, AtomicUsize};
use crate::sys::pal::shared_static;
use crate::sys::thread::control::{KEYS, ThreadControl};
use crate::sys::thread::per_proc;

/// From 1, for 0 means none in a lazy key.
pub type Key = usize;
pub type Dtor = unsafe extern "C" fn(*mut u8);

/// How often destructors may set keys again, as POSIX has it.
const ROUNDS: usize = 5;

shared_static! {
    static USED: AtomicUsize = AtomicUsize::new(0);
    "__rust_plan9_keys"
}

shared_static! {
    static DESTRUCTORS: [AtomicPtr<()>; KEYS] = [const { AtomicPtr::new(ptr::null_mut()) }; KEYS];
    "__rust_plan9_key_destructors"
}

#[inline]
pub fn create(dtor: Option<Dtor>) -> Key {
    let at = USED.fetch_add(1, Relaxed);
    if at >= KEYS {
        rtabort!("out of thread-local keys");
    }
    let dtor = dtor.map_or(ptr::null_mut(), |dtor| dtor as *mut ());
    DESTRUCTORS[at].store(dtor, Release);
    at + 1
}

fn thread() -> &'static ThreadControl {
    // SAFETY: only threads of std come here, while they have a control block, and blocks are never
    // freed.
    unsafe { &*(*per_proc::words()).thread }
}

#[inline]
pub unsafe fn set(key: Key, value: *mut u8) {
    thread().keys[key - 1].set(value);
}

#[inline]
#[cfg(test)]
pub unsafe fn get(key: Key) -> *mut u8 {
    thread().keys[key - 1].get()
}

/// Keys are few and last as long as the program: nothing is given back.
#[inline]
pub unsafe fn destroy(key: Key) {
    DESTRUCTORS[key - 1].store(ptr::null_mut(), Release);
}

/// Runs the destructors of the calling thread's values, again while they set new ones.
///
/// # Safety
///
/// The thread must be about to end: no reference to a thread-local may be alive.
#[inline(never)]
pub unsafe fn run_destructors() {
    let thread = thread();
    for _ in 0..ROUNDS {
        let mut ran = false;
        for (value, dtor) in thread.keys.iter().zip(&DESTRUCTORS) {
            let dtor = dtor.load(Acquire);
            let value = value.replace(ptr::null_mut());
            if !value.is_null() && !dtor.is_null() {
                // SAFETY: `create` stored a destructor of this type.
                let dtor = unsafe { crate::mem::transmute::<*mut (), Dtor>(dtor) };
                // SAFETY: the value was set under this key, and is set no more.
                unsafe { dtor(value) };
                ran = true;
            }
        }
        if !ran {
            return;
        }
    }
}
