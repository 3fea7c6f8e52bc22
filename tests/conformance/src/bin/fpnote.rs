//! Floating point in a note handler, a changed pc, NDFLT, and notes posted inside a handler.

#![no_std]
#![no_main]

use conformance::{HANDLED, handle_notes, pid, post, say};
use core::sync::atomic::Ordering::SeqCst;
use core::sync::atomic::{AtomicU32, AtomicU64};
use plan9_abi::flags::{noted, rfork};
use plan9_abi::sys::process;
use plan9_abi::ureg;

static MODE: AtomicU32 = AtomicU32::new(0);
/// The bits of a number that the handler doubles.
static NUMBER: AtomicU64 = AtomicU64::new(0x3FF8_0000_0000_0000);
static DEPTH: AtomicU32 = AtomicU32::new(0);
static DEEPEST: AtomicU32 = AtomicU32::new(0);

#[unsafe(no_mangle)]
fn in_handler(registers: *mut u8) -> u32 {
    match MODE.load(SeqCst) {
        0 => {
            let doubled = core::hint::black_box(f64::from_bits(NUMBER.load(SeqCst))) * 2.0;
            NUMBER.store(doubled.to_bits(), SeqCst);
            noted::CONT
        }
        1 => {
            // SAFETY: the kernel's Ureg, which it reads back.
            unsafe { registers.add(ureg::PC).cast::<u64>().write(landing as *const () as u64) };
            noted::CONT
        }
        2 => noted::DFLT,
        _ => {
            let depth = DEPTH.fetch_add(1, SeqCst) + 1;
            DEEPEST.fetch_max(depth, SeqCst);
            if HANDLED.load(SeqCst) < 3 {
                post(pid(), b"again");
                let _ = process::sleep(50);
            }
            DEPTH.fetch_sub(1, SeqCst);
            noted::CONT
        }
    }
}

/// Where the handler of mode 1 sends the program; the stack pointer is whatever it was.
#[unsafe(naked)]
unsafe extern "C" fn landing() {
    core::arch::naked_asm!("and rsp, -16", "call {landed}", "ud2", landed = sym landed)
}

extern "C" fn landed() {
    say!("pc change honoured");
    process::exits(Some(c"landed"))
}

fn mode(mode: u32, text: &[u8]) {
    // SAFETY: the child has its own copy of everything, and ends below.
    if unsafe { process::rfork(rfork::PROC | rfork::FDG | rfork::REND) } == Ok(0) {
        MODE.store(mode, SeqCst);
        handle_notes();
        post(pid(), text);
        let _ = process::sleep(200);
        if mode == 3 {
            let (times, deepest) = (HANDLED.load(SeqCst), DEEPEST.load(SeqCst));
            say!("handler ran {times} times, deepest nesting {deepest}");
        }
        process::exits(if mode == 0 { Some(c"survived") } else { None });
    }
    let mut record = [0; 256];
    let n = process::await_child(&mut record).unwrap_or(0);
    // Four numbers, then the status as one quoted word; from the colon behind the pid on.
    let text = core::str::from_utf8(&record[..n]).unwrap_or("?");
    let quoted = text.splitn(5, ' ').nth(4).unwrap_or("").trim_matches('\'');
    let status = quoted.find(':').map_or(quoted, |colon| &quoted[colon..]);
    say!("mode {mode}: exit '{status}'");
}

#[unsafe(no_mangle)]
fn probe() {
    say!("floating point in handler");
    mode(0, b"fp");
    say!("pc set to another function");
    mode(1, b"pc");
    say!("NDFLT");
    mode(2, b"dflt");
    say!("note posted inside the handler");
    mode(3, b"nest");
}
