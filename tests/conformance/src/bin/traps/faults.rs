//! Traps: each is done in a child without a handler and in one with.

use super::tell_and_die;
use conformance::family::{fork, heard, kernel_said, message, notify};
use conformance::text::Long;
use conformance::{raw, say};
use core::arch::{asm, naked_asm};
use core::cell::UnsafeCell;
use core::fmt::Write;
use plan9_abi::layout::USTKSIZE;
use plan9_abi::sys::{file, process};
use plan9_abi::sysno;

/// Bytes in bss, some of them made executable and run.
#[repr(align(4096))]
struct Code(UnsafeCell<[u8; 4096]>);
// SAFETY: each proc that touches it has its own copy.
unsafe impl Sync for Code {}
static CODE: Code = Code(UnsafeCell::new([0; 4096]));

fn load(at: usize) {
    // SAFETY: the fault is what is asked for; no reference is made.
    unsafe { asm!("mov {0:e}, [{0}]", inout(reg) at => _) };
}

fn store(at: usize) {
    // SAFETY: as in `load`.
    unsafe { asm!("mov byte ptr [{0}], 1", in(reg) at) };
}

fn jump(at: usize) {
    // SAFETY: as in `load`; code that is there and returns keeps the convention.
    unsafe { asm!("call {0}", in(reg) at, clobber_abi("C")) };
}

fn divide(dividend: i32, divisor: i32) {
    // SAFETY: as in `load`.
    unsafe { asm!("cdq", "idiv {0:e}", in(reg) divisor, inout("eax") dividend => _, out("edx") _) };
}

/// Copies instructions to bss, lets them be executed, and calls them.
fn run_code(code: &[u8]) {
    let at = CODE.0.get().cast::<u8>();
    // SAFETY: the code is shorter than the page, which this proc alone sees.
    unsafe { core::ptr::copy_nonoverlapping(code.as_ptr(), at, code.len()) };
    raw(sysno::SEGFLUSH, [at as usize, code.len(), 0, 0, 0]);
    jump(at as usize);
}

fn misaligned_reads() {
    load(CODE.0.get() as usize + 1);
    load(CODE.0.get() as usize + 3);
    process::exits(Some(c"no fault"))
}

/// Touches each page of the stack from the top down.
#[unsafe(naked)]
extern "C" fn recurse() {
    naked_asm!("sub rsp, 4096", "push rax", "mov rcx, {}", "2:", "sub rsp, 4096", "push rax",
        "loop 2b", "ret", const USTKSIZE / 4096)
}

pub fn run() {
    say!(
        "-- traps: the note; the wait message 'NAME N: note' and the line on fd 2 'NAME N: suicide: note' hold the same, if nothing else is said"
    );
    trap("read at 0", || load(0));
    trap("write at 0", || store(0));
    trap("read at 0x10", || load(0x10));
    trap("read of a kernel address", || load(0xFFFF_FFFF_8011_0000));
    trap("read of a non-canonical address", || load(0x1234_5678_0000_0000));
    trap("write to the text", || store(run as *const () as usize));
    trap("jump to 0", || jump(0));
    trap("jump into bss", || jump(CODE.0.get() as usize));
    trap("jump into the stack", || {
        let code = [0xC3u8; 8];
        jump(&raw const code as usize);
    });
    trap("division by 0", || divide(1, 0));
    trap("division of the least int by -1", || divide(i32::MIN, -1));
    trap("misaligned reads", misaligned_reads);
    trap("read 64 MB below the stack", || {
        let here = 0u8;
        load(&raw const here as usize - (64 << 20));
    });
    trap("recursion over the end of the stack", || recurse());
    trap("illegal instruction", || run_code(b"\x0f\x0b"));
    trap("breakpoint", || run_code(b"\xcc\xc3"));
    trap("privileged instruction", || run_code(b"\xf4\xc3"));
    // sub rsp, 32; movaps xmm0, [rsp+1]; add rsp, 32; ret
    let movaps = b"\x48\x83\xec\x20\x0f\x28\x44\x24\x01\x48\x83\xc4\x20\xc3";
    trap("misaligned movaps", || run_code(movaps));
    // pushf; or dword [rsp], 0x100; popf; nop; nop; ret
    trap("single step flag", || run_code(b"\x9c\x81\x0c\x24\x00\x01\x00\x00\x9d\x90\x90\xc3"));
    trap("system call 200", || _ = raw(200, [0; 5]));
    trap("read(2) to address 8", || _ = raw(sysno::OLD_READ, [0, 8, 1, 0, 0]));
    trap("write on a closed pipe", || {
        if let Ok((one, other)) = file::pipe() {
            let _ = file::close(one);
            let _ = file::write(other, b"x");
        }
    });
}

fn trap(what: &str, does: impl Fn()) {
    let died = || {
        let text = message();
        (text, kernel_said())
    };
    let once = |handled: bool| {
        fork(|| {
            notify(handled.then_some(tell_and_die));
            does();
            process::exits(Some(c"came back"))
        });
        died()
    };
    let (plain, handled) = (once(false), once(true));
    let note = heard();
    let wait = Long::new(format_args!("'traps N: {note}'"));
    let said = Long::new(format_args!("traps N: suicide: {note}\\n"));
    let same = |(text, words): &(Long, Long)| {
        text.as_str() == wait.as_str() && words.as_str() == said.as_str()
    };
    if !note.is_empty() && same(&plain) && same(&handled) {
        return say!("{what}: '{note}'");
    }
    let mut line =
        Long::new(format_args!("{what}: wait message {}; on fd 2 '{}'", plain.0, plain.1));
    let _ = match note.is_empty() {
        true => write!(line, "; a handler gets nothing"),
        false => write!(line, "; a handler gets '{note}'"),
    };
    if plain.0.as_str() != handled.0.as_str() {
        let (text, words) = handled;
        let _ = write!(line, "; with a handler: wait message {text}; on fd 2 '{words}'");
    }
    say!("{line}");
}
