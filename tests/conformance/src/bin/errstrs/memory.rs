//! Segments, the break, semaphores, and the errstr call itself.

use super::e;
use conformance::family::{brk, sbrk};
use conformance::{raw, say};
use core::ffi::CStr;
use plan9_abi::sysno;

/// Where nothing is.
const NOWHERE: usize = 0x7000;

fn segattach(class: &CStr, at: usize, len: usize) -> i64 {
    raw(sysno::SEGATTACH, [0, class.as_ptr() as usize, at, len, 0])
}

fn two(number: usize, a: usize, b: usize) -> i64 {
    raw(number, [a, b, 0, 0, 0])
}

pub fn run() {
    say!("-- memory");
    e("segattach, unknown class", segattach(c"nosuch", 0, 4096));
    e("segattach, length 0", segattach(c"memory", 0, 0));
    e("segattach, over the text", segattach(c"memory", 0x20_0000, 4096));
    e("segattach, above user space", segattach(c"memory", 0x8000_0000_0000, 4096));
    e("segattach, page 0", segattach(c"memory", 1, 4096));
    let mut attached = 0;
    while segattach(c"memory", 0, 4096) != -1 {
        attached += 1;
    }
    say!("segments attached before the refusal: {attached}");
    e("segattach, one more", -1);
    let on_stack = &raw const attached as usize;
    e("segdetach, nothing there", two(sysno::SEGDETACH, NOWHERE, 0));
    e("segdetach, the stack", two(sysno::SEGDETACH, on_stack, 0));
    e("segfree, nothing there", two(sysno::SEGFREE, NOWHERE, 4096));
    e("segflush, nothing there", two(sysno::SEGFLUSH, NOWHERE, 4096));
    e("segbrk, nothing there", two(sysno::SEGBRK, NOWHERE, 0x9000));
    e("segbrk, the stack", two(sysno::SEGBRK, on_stack, on_stack));
    let end = sbrk(0);
    e("brk, into the text", brk(0x20_1000));
    e("brk, 32 GB", brk(0x8_0000_0000));
    e("brk, back", brk(end));
    e("brk, 128 GB", brk(0x20_0000_0000));
    e("brk, over the stack", brk(0x7FFF_FFF0_0000));
    let mut word = -1i32;
    let at = &raw mut word as usize;
    e("semacquire, negative", two(sysno::SEMACQUIRE, at, 0));
    e("semacquire, nothing there", two(sysno::SEMACQUIRE, NOWHERE, 0));
    e("semacquire, in the text", two(sysno::SEMACQUIRE, run as *const () as usize, 0));
    // SAFETY: the word is alive; the kernel alone has read it meanwhile.
    unsafe { core::ptr::write_volatile(at as *mut i32, 0) };
    e("semrelease, -1", two(sysno::SEMRELEASE, at, usize::MAX));
    e("errstr, 0 bytes", two(sysno::ERRSTR, at, 0));
    e("errstr, nil", two(sysno::ERRSTR, 0, 10));
}
