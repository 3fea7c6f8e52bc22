//! How long the calls in one direction of a conversation may wait: a timeout and whether they may
//! wait at all, which one thread changes while others read them.
//!
//! `version` counts the changes, and is odd while one is being written. A reader that finds it odd,
//! or changed behind what it has read, reads again; it lets others run first, for the changer may
//! have lost its processor. One changer at a time: whoever changes holds a lock. This file makes no
//! system call, so that it is model-checked as it is.

use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use core::time::Duration;

use crate::sys::pal::deadline::slot::Word;

/// The settings of one direction.
pub struct Settings<W> {
    version: W,
    seconds: W,
    /// And one more; 0 is no timeout.
    nanoseconds: W,
    nonblocking: W,
}

/// The settings as they were at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    pub timeout: Option<Duration>,
    pub nonblocking: bool,
    pub version: u64,
}

impl<W: Word> Settings<W> {
    /// No timeout, and calls may wait. The words start at 0.
    pub const fn new(version: W, seconds: W, nanoseconds: W, nonblocking: W) -> Self {
        Self { version, seconds, nanoseconds, nonblocking }
    }

    /// What they are; `pause` lets other threads run.
    pub fn read(&self, pause: impl Fn()) -> Now {
        loop {
            let version = self.version.load(SeqCst);
            let seconds = self.seconds.load(SeqCst);
            let nanoseconds = self.nanoseconds.load(SeqCst);
            let nonblocking = self.nonblocking.load(SeqCst) != 0;
            if version & 1 == 0 && self.is(version) {
                let timeout = nanoseconds
                    .checked_sub(1)
                    .map(|nanoseconds| Duration::new(seconds, nanoseconds as u32));
                return Now { timeout, nonblocking, version };
            }
            pause();
        }
    }

    /// Whether they are still of that version.
    pub fn is(&self, version: u64) -> bool {
        self.version.load(SeqCst) == version
    }

    /// The one changer: sets the timeout.
    pub fn set_timeout(&self, timeout: Option<Duration>) {
        self.change(|| {
            self.seconds.store(timeout.map_or(0, |timeout| timeout.as_secs()), SeqCst);
            let nanoseconds = timeout.map_or(0, |timeout| u64::from(timeout.subsec_nanos()) + 1);
            self.nanoseconds.store(nanoseconds, SeqCst);
        });
    }

    /// The one changer: says whether calls may wait.
    pub fn set_nonblocking(&self, nonblocking: bool) {
        self.change(|| self.nonblocking.store(nonblocking.into(), SeqCst));
    }

    /// The one changer: does what calls have to look at beside the settings.
    pub fn change(&self, write: impl FnOnce()) {
        let version = self.version.load(Relaxed);
        self.version.store(version + 1, SeqCst);
        write();
        self.version.store(version + 2, SeqCst);
    }
}
