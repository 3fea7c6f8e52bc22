//! How many bytes one read or write of a stream may move.
//!
//! Where the network is another machine's (man 4/exportfs), the kernel splits a large read or write
//! into several messages. If a note breaks one of them, it forgets those before it
//! (`port/devmnt.c:mntrdwr`): bytes that were read would be lost, and nobody could say how many
//! were written. So no call moves more than one message holds.

use plan9_abi::dir::Dir;
use plan9_abi::sys::file;

use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sys::fd::{FileDesc, MOUNTED, SMALLEST_MESSAGE, message};
use crate::sys::pal::errstr::retry;

/// The unit of one stream's `data`, asked for at the first call that is larger than the smallest; 0
/// before.
#[derive(Debug)]
pub struct IoUnit(AtomicUsize);

impl IoUnit {
    pub const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// How much of so many bytes a call may move.
    pub fn of(&self, data: &FileDesc, wanted: usize) -> usize {
        if wanted <= SMALLEST_MESSAGE {
            return wanted;
        }
        if self.0.load(Relaxed) == 0 {
            self.0.store(ask(data), Relaxed);
        }
        wanted.min(self.0.load(Relaxed))
    }

    /// Whether the kernel says that nothing is to be read. Of a mounted file it does not know.
    pub fn is_known_empty(&self, data: &FileDesc) -> bool {
        with_record(data, |dir| dir.device_type != MOUNTED && dir.length == 0).unwrap_or(false)
    }
}

fn ask(data: &FileDesc) -> usize {
    match with_record(data, |dir| dir.device_type) {
        Some(device) if device != MOUNTED => usize::MAX,
        _ => message(data.raw()),
    }
}

/// A fact of the file's record.
fn with_record<T>(data: &FileDesc, fact: impl FnOnce(&Dir<'_>) -> T) -> Option<T> {
    let mut record = [0; 512];
    let length = retry(|| file::fstat(data.raw(), &mut record)).unwrap_or(0);
    Dir::parse(&record[..length]).map(|(dir, _)| fact(&dir))
}
