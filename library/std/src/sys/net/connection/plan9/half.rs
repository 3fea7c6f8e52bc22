//! One half, reading or writing, of a conversation: its timeout, whether its calls may wait,
//! whether it is shut, and which call is in it now.
//!
//! A change of the settings reaches the call that is blocked. The caller reads the [`Settings`]
//! with their version, arms its slot, stores its thread and operation here, and then compares the
//! version once more. Who changes the settings stores them first, and then fires the operation that
//! it finds here. All accesses are sequentially consistent, so one of the two sees the other:
//! either the caller gives up before it blocks, or its operation is fired. Both ways it reads the
//! settings again. A changer may read the thread of one caller and the operation of another. Then
//! it fires an operation that has ended, which does nothing, or one that was not meant, which reads
//! its settings once more.

use plan9_abi::sys::process;

use super::settings::{Now, Settings};
use crate::cell::Cell;
use crate::sync::atomic::Ordering::SeqCst;
use crate::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64};
use crate::sync::nonpoison::Mutex;
use crate::sys::pal::deadline::bound::{Bound, Deadline, Wait};
use crate::sys::pal::deadline::slot::Operation;
use crate::sys::pal::deadline::syscall::prepare;
use crate::sys::pal::deadline::thread::fire;
use crate::sys::thread::control::ThreadControl;
use crate::sys::time::clock;
use crate::time::Duration;
use crate::{io, ptr};

/// The direction's settings and its present caller.
pub struct Half {
    settings: Settings<AtomicU64>,
    shut: AtomicBool,
    /// One changer at a time.
    changing: Mutex<()>,
    thread: AtomicPtr<ThreadControl>,
    operation: AtomicU64,
}

impl Half {
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
        self.settings.read(|| {
            let _ = process::sleep(0);
        })
    }

    fn change(&self, write: impl FnOnce(&Settings<AtomicU64>)) {
        let one = self.changing.lock();
        write(&self.settings);
        drop(one);
        // SAFETY: control blocks are never freed. One that has gone on to another operation refuses
        // the number.
        if let Some(thread) = unsafe { self.thread.load(SeqCst).as_ref() } {
            fire(thread, Operation::from_number(self.operation.load(SeqCst)));
        }
    }

    /// Sets the timeout, for the call that is blocked as well. Fails where this thread could make
    /// no timed call.
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
    direction: &'a Half,
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
