//! Memory got with brk and segattach, and who sees it.

use conformance::family::{SEM, SEM2, brk, child, over, pause, result, sbrk, start};
use conformance::{raw, say};
use core::ptr;
use core::sync::atomic::AtomicUsize;
use core::sync::atomic::Ordering::SeqCst;
use plan9_abi::flags::rfork::MEM;
use plan9_abi::sys::{process, sync};
use plan9_abi::sysno;

/// The byte that is looked at, and where the bss ended before [`grow`].
static BYTE: AtomicUsize = AtomicUsize::new(0);
static BEFORE: AtomicUsize = AtomicUsize::new(0);

fn peek() {
    // SAFETY: an access that may fault is what the probe is about; no reference is made.
    let _ = unsafe { ptr::read_volatile(BYTE.load(SeqCst) as *const u8) };
    process::exits(Some(c"readable"))
}

fn touch() {
    // SAFETY: memory that was just got.
    unsafe { ptr::write_volatile(BYTE.load(SeqCst) as *mut u8, 1) };
}

fn grow() {
    let old = sbrk(1 << 20);
    BEFORE.store(old, SeqCst);
    BYTE.store(old + 65536, SeqCst);
    touch();
}

fn segment(class: &core::ffi::CStr, at: usize) -> usize {
    raw(sysno::SEGATTACH, [0, class.as_ptr() as usize, at, 4096, 0]) as usize
}

fn attach() {
    BYTE.store(segment(c"shared", 0), SeqCst);
    touch();
}

fn release() {
    let _ = sync::semrelease(&SEM, 1);
}

fn ready() {
    let _ = sync::semacquire(&SEM2, true);
}

/// An RFMEM child does something, and stays until it is released again.
fn by_child(does: fn()) {
    start(MEM, || {
        does();
        let _ = sync::semrelease(&SEM2, 1);
        pause();
    });
    release();
    ready();
}

/// An RFMEM child looks, after the parent has done something.
fn seen_by_child(what: &str, does: fn()) {
    start(MEM, peek);
    does();
    release();
    over(format_args!("{what}"));
}

pub fn run() {
    by_child(grow);
    child("memory got with brk by an RFMEM child, in the parent", peek);
    let before = BEFORE.load(SeqCst);
    result("brk back while the child lives", brk(before));
    release();
    over(format_args!("that child"));
    result("brk back when it is gone", brk(before));
    child("that memory now", peek);
    by_child(attach);
    child("segment attached by an RFMEM child, in the parent", peek);
    release();
    over(format_args!("that child"));
    seen_by_child(
        "segment attached by the parent, in an RFMEM child that was there before",
        attach,
    );
    raw(sysno::SEGDETACH, [BYTE.load(SeqCst), 0, 0, 0, 0]);
    seen_by_child(
        "memory got with brk by the parent, in an RFMEM child that was there before",
        grow,
    );

    const PLACE: usize = 0x1000_0000;
    let at = segment(c"memory", PLACE);
    say!("segattach at 0x10000000: {}", if at == PLACE { "there" } else { "elsewhere" });
    let byte = |n: usize| (at + n) as *mut u8;
    let segbrk = |end: usize| raw(sysno::SEGBRK, [at, at + end, 0, 0, 0]);
    result("segbrk, grow to 64 KB", segbrk(65536));
    // SAFETY: inside the segment, which is 64 KB long now.
    unsafe {
        ptr::write_volatile(byte(65535), 7);
        ptr::write_volatile(byte(4096), 7);
    }
    result("segfree of a page", raw(sysno::SEGFREE, [at + 4096, 4096, 0, 0, 0]));
    // SAFETY: as above; what was freed reads as zero.
    let (freed, kept) =
        unsafe { (ptr::read_volatile(byte(4096)), ptr::read_volatile(byte(65535))) };
    say!("a byte of it: {freed}, one of another page: {kept}");
    result("segbrk, shrink to a page", segbrk(4096));
    BYTE.store(at + 4096, SeqCst);
    child("above it", peek);
    result("segdetach", raw(sysno::SEGDETACH, [at, 0, 0, 0, 0]));
    let at = segment(c"memory", 0);
    let flush = at + 4096 == 0x7FFF_FEFF_F000;
    say!(
        "segattach at 0: it ends where the stack segment begins: {}",
        if flush { "yes" } else { "no" }
    );
    result("segbrk of it by a page", raw(sysno::SEGBRK, [at, at + 8192, 0, 0, 0]));
    raw(sysno::SEGDETACH, [at, 0, 0, 0, 0]);
}
