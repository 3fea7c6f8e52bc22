//! A proc of the program that is no thread of std's ends by its note alone, and the program still ends by its own.

use std::arch::naked_asm;
use std::fs;
use std::os::plan9::note;
use std::process;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

#[repr(align(16))]
struct Stack([u8; 65536]);

static mut STACK: Stack = Stack([0; 65536]);

/// The proc stands on its own stack. Until then a note to it would be pushed onto main's, which both share.
static MOVED: AtomicU32 = AtomicU32::new(0);

/// Forks a proc that shares the memory and sleeps for ever, on a stack of its own; its pid (man 2/fork, 2/sleep).
#[unsafe(naked)]
unsafe extern "C" fn fork() -> i32 {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 56",
        // RFPROC, RFMEM and RFNOWAIT.
        "mov qword ptr [rsp + 8], 0x70",
        "mov ebp, 19",
        "syscall",
        "test rax, rax",
        "jz 2f",
        "add rsp, 56",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
        "2:",
        "lea rsp, [rip + {stack} + 65536 - 64]",
        "mov dword ptr [rip + {moved}], 1",
        "3:",
        "mov qword ptr [rsp + 8], 1000",
        "mov ebp, 17",
        "syscall",
        "jmp 3b",
        stack = sym STACK,
        moved = sym MOVED,
    )
}

fn main() {
    // SAFETY: the child touches its own stack alone.
    let pid = unsafe { fork() } as u32;
    assert!(pid > 0);
    while MOVED.load(SeqCst) == 0 {
        thread::yield_now();
    }
    note::post(pid, b"away").unwrap();
    for _ in 0..100 {
        if fs::metadata(format!("/proc/{pid}")).is_err() {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    println!("it has gone: {}", fs::metadata(format!("/proc/{pid}")).is_err());
    note::post(process::id(), b"enough").unwrap();
    thread::sleep(Duration::from_secs(5));
    println!("the program has not");
}
