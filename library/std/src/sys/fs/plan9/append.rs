//! Writing at the end of a file, as it is at the moment of the write.
//!
//! The kernel has no such mode: finding the end and writing there are two calls. So within the
//! program each file has one lock, which a write holds from the one call to the other. Handles,
//! clones and threads that append to the file all take it. It lives as long as one of them is open.
//! Other programs do not know it: where they append too, the file itself must be append-only
//! (DMAPPEND, man 5/open), and then its server finds the end.
//!
//! The end is passed with the write, for the channel's offset may be moved meanwhile by whoever
//! reads through it. A write that a note breaks is made again at the same place, so that nothing is
//! said twice.

use plan9_abi::flags::mode;
use plan9_abi::queue::MAX_ATOMIC;
use plan9_abi::sys::file;

use super::attr;
use crate::collections::BTreeMap;
use crate::io;
use crate::sync::nonpoison::{Mutex, MutexGuard};
use crate::sync::{Arc, Weak};
use crate::sys::fd::{FileDesc, message};
use crate::sys::pal::{cvt, cvt_r};

/// The kernel device of pipes, which have no offsets (`port/sysfile.c:sseek`): what is written is
/// at the end.
const PIPE: u16 = b'|' as u16;

/// Where `seek` counts from.
const FROM_START: u32 = 0;
const FROM_END: u32 = 2;

/// Device, its instance, and the file's number on it.
type Identity = (u16, u32, u64);

/// The locks of all files that are open for appending.
static FILES: Mutex<BTreeMap<Identity, Weak<Lock>>> = Mutex::new(BTreeMap::new());

struct Lock {
    identity: Identity,
    writing: Mutex<()>,
}

/// What a file needs that is open for appending; a clone is of the same file.
#[derive(Clone)]
pub struct Append {
    /// `None` for a pipe.
    lock: Option<Arc<Lock>>,
    /// The bytes of one call. Where the server finds the end, a call is one message: of several,
    /// those before the one that a note broke would be added again.
    most: usize,
}

fn files() -> MutexGuard<'static, BTreeMap<Identity, Weak<Lock>>> {
    FILES.lock()
}

impl Append {
    /// For a file that has just been opened.
    pub fn to(fd: &FileDesc) -> io::Result<Append> {
        let attr = attr::read(|buf| file::fstat(fd.raw(), buf))?;
        if attr.device_type == PIPE {
            return Ok(Append { lock: None, most: MAX_ATOMIC });
        }
        let most = if attr.mode & mode::APPEND == 0 { MAX_ATOMIC } else { message(fd.raw()) };
        let identity = (attr.device_type, attr.device, attr.qid.path);
        let mut files = files();
        let known = files.get(&identity).and_then(Weak::upgrade);
        let lock = known.unwrap_or_else(|| {
            let lock = Arc::new(Lock { identity, writing: Mutex::new(()) });
            files.insert(identity, Arc::downgrade(&lock));
            lock
        });
        Ok(Append { lock: Some(lock), most: most.min(MAX_ATOMIC) })
    }

    /// Writes all of it in one piece, as far as this program is concerned. The file's offset is
    /// behind it afterwards.
    pub fn write(&self, fd: &FileDesc, bytes: &[u8]) -> io::Result<usize> {
        let Some(lock) = &self.lock else { return fd.write(bytes) };
        if bytes.is_empty() {
            return Ok(0);
        }
        let _writing = lock.writing.lock();
        let end = cvt_r(|| file::seek(fd.raw(), 0, FROM_END))?;
        let (mut at, mut rest) = (end, bytes);
        let mut result = Ok(());
        while !rest.is_empty() && result.is_ok() {
            let part = &rest[..rest.len().min(self.most)];
            match cvt(file::pwrite(fd.raw(), part, at as i64)) {
                Ok(0) => break,
                Ok(n) => (at, rest) = (at + n as u64, &rest[n..]),
                Err(why) if why.is_interrupted() => {}
                Err(why) => result = Err(why),
            }
        }
        if at == end {
            return result.map(|()| 0);
        }
        // What has been written has been, wherever the offset is.
        let _ = cvt_r(|| file::seek(fd.raw(), at as i64, FROM_START));
        Ok((at - end) as usize)
    }
}

impl Drop for Append {
    /// The last one takes the lock out of the list.
    fn drop(&mut self) {
        let Some(lock) = &self.lock else { return };
        let mut files = files();
        // Another can come about only from one that is there, or from the list.
        if Arc::strong_count(lock) == 1 {
            files.remove(&lock.identity);
        }
    }
}
