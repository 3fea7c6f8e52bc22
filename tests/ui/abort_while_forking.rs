//! The end of a child on its way from the fork to its program is the child's alone: it is a copy of
//! the parent, with the list of the parent's threads.

use std::arch::naked_asm;
use std::process;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The private words of a proc, as far as they matter here (`std::sys::pal::private`).
#[repr(C)]
struct PrivateWords {
    thread: usize,
    next: usize,
    saved_sp: usize,
    launching: usize,
}

unsafe extern "C" {
    /// Where they lie.
    #[link_name = "__rust_plan9_private"]
    static PRIVATE: *mut PrivateWords;
}

/// Forks a copy of this proc (man 2/fork).
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
        // RFPROC, RFFDG and RFNOWAIT.
        "mov qword ptr [rsp + 8], 0x54",
        "mov ebp, 19",
        "syscall",
        "add rsp, 56",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

fn main() {
    let (to_thread, from_main) = mpsc::channel();
    let thread = thread::spawn(move || from_main.recv().unwrap());
    for how in ["abort", "exit"] {
        // SAFETY: the words are this proc's own, and what std does around its fork is done here.
        unsafe {
            (&raw mut (*PRIVATE).launching).write_volatile(1);
            if fork() == 0 {
                match how {
                    "abort" => process::abort(),
                    _ => process::exit(1),
                }
            }
            (&raw mut (*PRIVATE).launching).write_volatile(0);
        }
        thread::sleep(Duration::from_millis(300));
        println!("{how}: the thread lives: {}", !thread.is_finished());
    }
    to_thread.send(7).unwrap();
    println!("{}", thread.join().unwrap());
}
