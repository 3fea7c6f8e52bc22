//! What `noted` takes from the Ureg, and in which order notes come.

#![no_std]
#![no_main]

use conformance::{child, handle_notes, pid, post, say};
use core::arch::asm;
use core::sync::atomic::Ordering::SeqCst;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use plan9_abi::flags::open;
use plan9_abi::sys::{file, process};
use plan9_abi::ureg;

/// What the handler is to change: a register's place in the Ureg, and its new value.
static PLACE: AtomicU64 = AtomicU64::new(u64::MAX);
static VALUE: AtomicU64 = AtomicU64::new(0);
/// What stood there.
static SEEN: AtomicU64 = AtomicU64::new(0);
/// The notes of a stopped proc, a digit each in the order in which they came.
static DIGITS: AtomicU32 = AtomicU32::new(0);
static COLLECT: AtomicBool = AtomicBool::new(false);
static GO: AtomicBool = AtomicBool::new(false);

#[unsafe(no_mangle)]
fn in_handler(ureg: *mut u8) -> u32 {
    if COLLECT.load(SeqCst) {
        // SAFETY: the note's text lies in the kernel's frame, a fixed distance below the Ureg.
        let digit = unsafe { ureg.sub(ureg::frame::UREG - ureg::frame::NOTE).read() } - b'0';
        DIGITS.store(DIGITS.load(SeqCst) * 10 + u32::from(digit), SeqCst);
    }
    let place = PLACE.swap(u64::MAX, SeqCst);
    if place != u64::MAX {
        // SAFETY: a word of the Ureg.
        let word = unsafe { ureg.add(place as usize).cast::<u64>() };
        // SAFETY: as above.
        unsafe {
            SEEN.store(word.read(), SeqCst);
            word.write(VALUE.load(SeqCst));
        }
    }
    plan9_abi::flags::noted::CONT
}

/// Spins with the registers of interest at known values until the handler has run; what they hold then.
fn spin(place: usize, value: u64) -> [u64; 3] {
    VALUE.store(value, SeqCst);
    PLACE.store(place as u64, SeqCst);
    let me = pid();
    child(|| {
        let _ = process::sleep(100);
        post(me, b"note");
    });
    let (ax, r12, r15): (u64, u64, u64);
    // SAFETY: reads one static in a loop.
    unsafe {
        asm!(
            "mov rax, 1",
            "mov r12, 12",
            "mov r15, 15",
            "2:",
            "cmp qword ptr [{place}], -1",
            "jne 2b",
            place = in(reg) PLACE.as_ptr(),
            out("rax") ax,
            out("r12") r12,
            out("r15") r15,
        );
    }
    [ax, r12, r15]
}

#[unsafe(no_mangle)]
fn probe() {
    handle_notes();
    for (name, place) in [("ax", ureg::AX), ("r12", ureg::R12), ("r15", ureg::R15)] {
        let [ax, r12, r15] = spin(place, 77);
        say!("{name} was {}, set to 77: ax={ax} r12={r12} r15={r15}", SEEN.load(SeqCst));
    }

    // The result of a call that is over when the note comes is in the Ureg already.
    VALUE.store(1234, SeqCst);
    PLACE.store(ureg::AX as u64, SeqCst);
    let posted = file::open(c"/dev/null", open::READ).is_ok();
    let name = conformance::Text::new(format_args!("/proc/{}/note", pid()));
    let note = file::open(name.as_c_str(), open::WRITE).unwrap_or(-1);
    let n = file::write(note, b"abc").map_or(-1, |n| n as i64);
    say!("{posted} write of 3 bytes to the own note: ax was {}, write gave {n}", SEEN.load(SeqCst));

    COLLECT.store(true, SeqCst);
    let stopped = child(|| {
        while !GO.load(SeqCst) {
            let _ = process::sleep(10);
        }
    });
    let name = conformance::Text::new(format_args!("/proc/{stopped}/ctl"));
    let ctl = file::open(name.as_c_str(), open::WRITE).unwrap_or(-1);
    let _ = file::write(ctl, b"stop");
    for text in [b"1", b"2", b"3", b"4", b"5"] {
        post(stopped, text);
    }
    say!("while stopped: {}", DIGITS.load(SeqCst));
    let _ = file::write(ctl, b"start");
    let _ = process::sleep(100);
    GO.store(true, SeqCst);
    say!("the order of five notes: {}", DIGITS.load(SeqCst));
}
