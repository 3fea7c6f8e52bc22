//! One direction of a conversation: how long a call in it may wait, who is in it, and whether it is
//! shut.
//!
//! A change reaches the call that is blocked. A caller reads the [`Settings`] with their version,
//! arms its slot, makes itself known, and then compares the version once more; a changer writes,
//! then looks who is known, and fires that operation. All of this is sequentially consistent, so
//! one of the two sees the other: the caller gives up before it blocks, or its operation is fired.
//! Either way it asks again. The pair of thread and operation may be torn between two callers: then
//! an operation that has ended is fired, which does nothing, or one that is not meant, which asks
//! again for nothing.

use crate::cell::Cell;
use crate::io;
use crate::ptr;
use crate::sync::Mutex;
use crate::sync::atomic::Ordering::SeqCst;
use crate::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64};
use crate::sys::pal::clock;
use crate::sys::pal::deadline::attempt::prepare;
use crate::sys::pal::deadline::operation::{Bound, Deadline, Wait};
use crate::sys::pal::deadline::settings::{Now, Settings};
use crate::sys::pal::deadline::slot::Operation;
use crate::sys::pal::deadline::thread::fire;
use crate::sys::pal::thread_control::ThreadControl;
use crate::time::Duration;
use plan9_abi::sys::process;

/// The direction's settings and its present caller.
pub struct Direction {
    settings: Settings<AtomicU64>,
    shut: AtomicBool,
    /// One changer at a time.
    changing: Mutex<()>,
    thread: AtomicPtr<ThreadControl>,
    operation: AtomicU64,
}

impl Direction {
    pub const fn new() -> Self {
        Self {
            settings: Settings::new(
                AtomicU64::new(0),
                AtomicU64::new(0),
                AtomicU64::new(0),
                AtomicU64::new(0),
            ),
            shut: AtomicBool::new(false),
            changing: Mutex::new(()),
            thread: AtomicPtr::new(ptr::null_mut()),
            operation: AtomicU64::new(0),
        }
    }

    /// The settings as they are.
    fn now(&self) -> Now {
        self.settings.read(|| drop(process::sleep(0)))
    }

    fn change(&self, write: impl FnOnce(&Settings<AtomicU64>)) {
        let one = self.changing.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        write(&self.settings);
        drop(one);
        // SAFETY: control blocks are never freed. One that has gone on to another operation refuses
        // the number.
        if let Some(thread) = unsafe { self.thread.load(SeqCst).as_ref() } {
            fire(thread, Operation::from_number(self.operation.load(SeqCst)));
        }
    }

    /// Sets the timeout, for the call that is blocked as well. Fails where this thread could make no
    /// timed call.
    pub fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        if timeout == Some(Duration::ZERO) {
            return Err(io::Error::ZERO_TIMEOUT);
        }
        if timeout.is_some() {
            prepare()?;
        }
        self.change(|settings| settings.set_timeout(timeout));
        Ok(())
    }

    /// The timeout, as it was set.
    pub fn timeout(&self) -> Option<Duration> {
        self.now().timeout
    }

    /// Lets calls wait, or not at all. Fails where this thread could make no call that may not
    /// wait.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        if nonblocking {
            prepare()?;
        }
        self.change(|settings| settings.set_nonblocking(nonblocking));
        Ok(())
    }

    /// Ends the call that is blocked and every later one.
    pub fn shut(&self) {
        self.change(|settings| settings.change(|| self.shut.store(true, SeqCst)));
    }

    /// It was shut.
    pub fn is_shut(&self) -> bool {
        self.shut.load(SeqCst)
    }

    /// A call that begins now.
    pub fn call(&self) -> Call<'_> {
        Call { direction: self, start: Cell::new(None), own: None }
    }

    /// The same, with a timeout of its own.
    pub fn call_within(&self, timeout: Duration) -> Call<'_> {
        Call { own: Some(timeout), ..self.call() }
    }
}

/// One call in a direction.
pub struct Call<'a> {
    direction: &'a Direction,
    /// When it first had a timeout: asking for the time may cost a system call.
    start: Cell<Option<u64>>,
    own: Option<Duration>,
}

impl Bound for Call<'_> {
    fn wait(&self) -> (Wait, u64) {
        let Now { timeout, nonblocking, version } = self.direction.now();
        let wait = match self.own.or(timeout) {
            _ if nonblocking && self.own.is_none() => Wait::Not,
            None => Wait::Forever,
            Some(timeout) => {
                let start = self.start.get().unwrap_or_else(clock::now);
                self.start.set(Some(start));
                // A moment that the clock never reaches is none.
                u64::try_from(timeout.as_nanos())
                    .ok()
                    .and_then(|timeout| start.checked_add(timeout))
                    .map_or(Wait::Forever, |at| Wait::Until(Deadline(at)))
            }
        };
        (wait, version)
    }

    fn enter(&self, thread: &'static ThreadControl, operation: Operation, version: u64) -> bool {
        self.direction.operation.store(operation.number(), SeqCst);
        self.direction.thread.store(ptr::from_ref(thread).cast_mut(), SeqCst);
        self.direction.settings.is(version)
    }

    fn leave(&self) {
        self.direction.thread.store(ptr::null_mut(), SeqCst);
    }

    fn is_shut(&self) -> bool {
        self.direction.is_shut()
    }
}

/// The bound of a call that is not to wait, whatever its direction says.
pub struct AtOnce;

impl Bound for AtOnce {
    fn wait(&self) -> (Wait, u64) {
        (Wait::Not, 0)
    }

    fn enter(&self, _: &'static ThreadControl, _: Operation, _: u64) -> bool {
        true
    }

    fn leave(&self) {}

    fn is_shut(&self) -> bool {
        false
    }
}
