//! Threads: procs that share everything but their stack segment.
//!
//! A thread's stack is shared memory, so that what lies on it can be borrowed by others. Two
//! moments need care. At the fork, parent and child would stand on one stack: the fork is made
//! standing on the private segment, of which the child gets a copy, and the child moves from there
//! to its own stack. At the end, the thread must not stand on the stack that it frees: it goes back
//! to the private segment first.

pub mod control;
pub mod per_proc;
pub mod stacks;
pub mod wait;
pub mod waiters;
pub mod watchdog;

use control::ThreadControl;
use per_proc::PrivateWords;
use plan9_abi::flags::open;
use plan9_abi::sys::{file, process};

use crate::alloc::System;
use crate::ffi::CStr;
use crate::num::NonZero;
use crate::sync::Arc;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Release, SeqCst};
use crate::sys::pal::devices::open_device;
use crate::sys::pal::{arch, cvt, exit, last_error, proc_file};
use crate::sys::thread_local::key::emulated;
use crate::sys::time::clock;
use crate::thread::{ThreadId, ThreadInit};
use crate::time::Duration;
use crate::{io, ptr, thread};

pub const DEFAULT_MIN_STACK_SIZE: usize = 2 << 20;

/// A started thread. `done` is set when its closure has been dropped and its stack freed.
pub struct Thread {
    done: Arc<AtomicU32, System>,
}

impl Thread {
    // unsafe: see thread::Builder::spawn_unchecked for safety requirements
    pub unsafe fn new(stack: usize, init: Box<ThreadInit>) -> io::Result<Thread> {
        let current = per_proc::current();
        if let Some(current) = current {
            exit::before_thread(current);
        }
        let name = init.handle.cname().map_or(&b""[..], CStr::to_bytes);
        let Some(stack) = stacks::take(stack) else {
            return Err(io::Error::from(io::ErrorKind::OutOfMemory));
        };
        let Some(thread) = control::acquire() else {
            // SAFETY: just taken.
            unsafe { stacks::give_back(stack) };
            return Err(io::Error::from(io::ErrorKind::OutOfMemory));
        };
        let done = Arc::new_in(AtomicU32::new(0), System);
        thread.set_name(name);
        thread.set_stack(stack);
        thread.followed.set(current.map_or(0, |current| current.followed.get()));
        thread.done.set(Arc::into_raw_with_allocator(done.clone()).0);
        thread.init.set(Box::into_raw(init).cast());
        // SAFETY: the control block is complete, and the words are this proc's own.
        let pid = unsafe {
            let words = per_proc::words();
            (*words).next = thread;
            arch::fork(words, enter)
        };
        if pid > 0 {
            return Ok(Thread { done });
        }
        let error = last_error();
        // SAFETY: there is no child; what was made for it is still ours.
        unsafe {
            drop(Box::from_raw(thread.init.replace(ptr::null_mut()).cast::<ThreadInit>()));
            drop(Arc::from_raw_in(thread.done.replace(ptr::null()), System));
            stacks::give_back(stack);
        }
        thread.release();
        Err(error)
    }

    pub fn join(self) {
        wait::wait_while_zero(&self.done);
    }
}

/// Starts a thread of std's own. Nothing of the program's runs on it: no spawn hooks, and no test
/// captures its output.
pub fn service(name: &str, stack: usize, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let handle = thread::Thread::new(ThreadId::new(), Some(name.into()));
    let init = Box::new(ThreadInit { handle, rust_start: Box::new(run) });
    // SAFETY: it owns all that it uses.
    unsafe { Thread::new(stack, init) }.map(drop)
}

/// The first code of a thread on its own stack.
unsafe extern "C" fn enter(thread: &'static ThreadControl) -> ! {
    thread.pid.store(per_proc::pid(), SeqCst);
    exit::thread_begins(thread);
    exit::check();
    // SAFETY: the parent put it there for us.
    let init = unsafe { Box::from_raw(thread.init.replace(ptr::null_mut()).cast::<ThreadInit>()) };
    run(init);
    // SAFETY: the closure has run and is dropped.
    unsafe { crate::sys::thread_local::key::run_destructors() };
    // SAFETY: nothing on this stack is needed any more.
    unsafe { arch::leave_stack(per_proc::words(), thread, tear_down) }
}

/// Not inlined, so that no deallocation of it moves behind the destructors of thread-locals.
#[inline(never)]
fn run(init: Box<ThreadInit>) {
    let rust_start = init.init();
    rust_start();
}

/// Frees what the thread had, tells who joins, and ends the proc.
unsafe extern "C" fn tear_down(words: *mut PrivateWords, thread: &'static ThreadControl) -> ! {
    exit::close_files(thread);
    // SAFETY: destructors have run, and nobody stands on the stack.
    unsafe {
        emulated::free(thread);
        stacks::give_back(thread.stack());
    }
    // SAFETY: the parent's count for us.
    let done = unsafe { Arc::from_raw_in(thread.done.replace(ptr::null()), System) };
    done.store(1, Release);
    wait::wake_all(&done);
    drop(done);
    // SAFETY: this proc's own words. From here on it is no thread.
    unsafe { (*words).thread = ptr::null() };
    thread.release();
    process::exits(None)
}

pub fn available_parallelism() -> io::Result<NonZero<usize>> {
    let fd = cvt(open_device(c"/dev/sysstat", c"#c/sysstat", open::READ | open::CEXEC))?;
    // One line a processor.
    let (mut lines, mut buf) = (0, [0; 1024]);
    while let Ok(n @ 1..) = file::read(fd, &mut buf) {
        lines += buf[..n].iter().filter(|&&byte| byte == b'\n').count();
    }
    let _ = file::close(fd);
    NonZero::new(lines).ok_or(io::Error::UNKNOWN_THREAD_COUNT)
}

pub fn current_os_id() -> Option<u64> {
    Some(per_proc::pid().into())
}

pub fn yield_now() {
    let _ = process::sleep(0);
}

/// The name in `/proc/N/args`, which `ps` shows.
pub fn set_name(name: &CStr) {
    let name = name.to_bytes();
    let _ = proc_file::write(per_proc::pid(), "args", &name[..name.len().min(127)]);
}

pub fn sleep(dur: Duration) {
    const LONGEST_MS: u64 = 1 << 30;
    // None: for ever. A note breaks a sleep; it goes on with what is left.
    let deadline = clock::deadline(dur);
    loop {
        let left = deadline.map_or(u64::MAX, |end| end.saturating_sub(clock::now()));
        if left == 0 {
            return;
        }
        let _ = process::sleep(left.div_ceil(1_000_000).min(LONGEST_MS) as u32);
    }
}
