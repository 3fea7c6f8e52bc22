//! How late waits are that nothing ends but their time: the kernel's bare `sleep` and `tsemacquire`, and `recv_timeout`.
//!
//! `waits MILLISECONDS COUNT ...`: pairs. The label is the kind and the time, the sample how long after it the wait came
//! back; below 0 it came early. The kinds take turns.

mod shared;

use shared::{OrFail, Samples, failed, number, words};
use std::arch::asm;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// A semaphore that nobody releases.
static NEVER: std::sync::atomic::AtomicI32 = std::sync::atomic::AtomicI32::new(0);

/// `sleep` and `tsemacquire` of the kernel (man 2/sleep, 2/semacquire).
const SLEEP: usize = 17;
const TSEMACQUIRE: usize = 52;

/// A bare system call of two words. Nothing but the stack pointer survives one.
fn system_call(number: usize, a: usize, b: usize) {
    // SAFETY: the arguments lie in memory that is mapped, and every register is given up.
    unsafe {
        asm!(
            "push rbp",
            "push rbx",
            "sub rsp, 64",
            "mov [rsp + 8], {a}",
            "mov [rsp + 16], {b}",
            "mov rbp, {number}",
            "syscall",
            "add rsp, 64",
            "pop rbx",
            "pop rbp",
            a = in(reg) a,
            b = in(reg) b,
            number = in(reg) number,
            out("r12") _,
            out("r13") _,
            out("r14") _,
            out("r15") _,
            clobber_abi("C"),
        );
    }
}

fn receive(never: &Receiver<()>, timeout: Duration) {
    match never.recv_timeout(timeout) {
        Err(RecvTimeoutError::Timeout) => {}
        other => failed(format_args!("a channel that nobody sends to gave {other:?}")),
    }
}

fn main() {
    let (_sender, never) = channel();
    for place in (1..=words(1).len()).step_by(2) {
        let (milliseconds, count): (u64, usize) = (number(place), number(place + 1));
        let wait = Duration::from_millis(milliseconds);
        let ms = usize::try_from(milliseconds).or_fail("milliseconds");
        let semaphore = NEVER.as_ptr().addr();
        let kinds: [(&str, &dyn Fn()); 3] = [
            ("sleep", &|| system_call(SLEEP, ms, 0)),
            ("tsemacquire", &|| system_call(TSEMACQUIRE, semaphore, ms)),
            ("recv_timeout", &|| receive(&never, wait)),
        ];
        let mut samples = Samples::with_room(3 * count);
        for _ in 0..count {
            for (kind, make) in kinds {
                let start = Instant::now();
                make();
                let took = start.elapsed();
                let late = took.as_nanos() as i64 - wait.as_nanos() as i64;
                samples.add(&format!("{kind}-{milliseconds}ms"), late);
            }
        }
        samples.print();
    }
}
