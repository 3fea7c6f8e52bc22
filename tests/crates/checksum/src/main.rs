//! Rust that calls C that calls Rust, on Plan 9.

use std::ffi::{c_int, c_void};
use std::panic;

#[repr(C)]
#[derive(Clone, Copy)]
struct Crc {
    table: [u32; 256],
    bytes: u64,
}

type Visit = unsafe extern "C-unwind" fn(*mut c_void, Crc, u32) -> c_int;

unsafe extern "C-unwind" {
    fn crc32(data: *const u8, len: usize, block: usize, visit: Visit, context: *mut c_void) -> u32;
}

#[allow(clippy::too_many_arguments)]
unsafe extern "C" {
    safe fn weigh(
        a: f64,
        b: f32,
        c: f64,
        d: c_int,
        e: i64,
        f: c_int,
        g: c_int,
        h: c_int,
        i: c_int,
        j: u8,
    ) -> f64;
}

unsafe extern "C-unwind" fn visit(seen: *mut c_void, state: Crc, sum: u32) -> c_int {
    // SAFETY: `crc` hands its own vector through.
    let seen = unsafe { &mut *seen.cast::<Vec<(u64, u32)>>() };
    assert!(state.bytes < 1000, "enough");
    seen.push((state.bytes, sum));
    c_int::from(state.table[1] == 0x7707_3096)
}

fn crc(data: &[u8], block: usize) -> (u32, Vec<(u64, u32)>) {
    let mut seen = Vec::new();
    // SAFETY: the slice is whole, and `visit` gets the vector that it expects, for as long as the call lasts.
    let sum = unsafe { crc32(data.as_ptr(), data.len(), block, visit, (&raw mut seen).cast()) };
    (sum, seen)
}

fn main() {
    let (sum, seen) = crc(b"123456789", 4);
    println!("{sum:08x} {seen:x?}");
    println!("{}", weigh(0.5, 1.5, 2.0, -1, 1 << 40, 2, 3, 4, 5, 255));
    panic::set_hook(Box::new(|_| ()));
    let unwound = panic::catch_unwind(|| crc(&[0; 4096], 100));
    println!(
        "a panic through C: {:?}",
        unwound.map_err(|why| *why.downcast::<&str>().expect("a text"))
    );
}
