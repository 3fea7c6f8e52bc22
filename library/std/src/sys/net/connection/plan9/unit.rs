//! How much one read or write of a stream may move.
//!
//! Where the network is another machine's (man 4/exportfs), the kernel makes several messages of a
//! large read or write, and where a note breaks one of them it forgets those before
//! (`port/devmnt.c:mntrdwr`): what was read would be lost, and nobody could say how much was
//! written. So no call moves more than one message holds.

use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sys::fd::FileDesc;
use crate::sys::pal::errstr::unbroken;
use crate::sys::pal::text::Text;
use plan9_abi::dir::Dir;
use plan9_abi::flags::open;
use plan9_abi::sys::file;

/// What the smallest message holds that servers agree on, in bytes.
const SMALLEST: usize = 8192;

/// The kernel device of files that a server has.
const MOUNTED: u16 = b'M' as u16;

/// The unit of one stream's `data`, asked for at the first call that is larger than the smallest; 0
/// before.
#[derive(Debug)]
pub struct Unit(AtomicUsize);

impl Unit {
    pub const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// How much of so many bytes a call may move.
    pub fn of(&self, data: &FileDesc, wanted: usize) -> usize {
        if wanted <= SMALLEST {
            return wanted;
        }
        if self.0.load(Relaxed) == 0 {
            self.0.store(ask(data), Relaxed);
        }
        wanted.min(self.0.load(Relaxed))
    }
}

impl Unit {
    /// Whether the kernel says that nothing is to be read. Of a mounted file it does not know.
    pub fn is_known_empty(&self, data: &FileDesc) -> bool {
        let mut record = [0; 512];
        let length = unbroken(|| file::fstat(data.raw(), &mut record)).unwrap_or(0);
        Dir::parse(&record[..length])
            .is_some_and(|(dir, _)| dir.device_type != MOUNTED && dir.length == 0)
    }
}

fn ask(data: &FileDesc) -> usize {
    let mut record = [0; 512];
    let length = unbroken(|| file::fstat(data.raw(), &mut record)).unwrap_or(0);
    match Dir::parse(&record[..length]) {
        Some((dir, _)) if dir.device_type != MOUNTED => usize::MAX,
        _ => message(data).unwrap_or(SMALLEST),
    }
}

/// What a message of a mounted file holds, by the descriptor's own file (man 3/dup).
fn message(data: &FileDesc) -> Option<usize> {
    let name = Text::new(format_args!("#d/{}ctl", data.raw()));
    let fd = file::open(name.as_c_str(), open::READ | open::CEXEC).ok()?;
    let mut line = [0; 256];
    let read = file::read(fd, &mut line);
    let _ = file::close(fd);
    // Behind the qid, which is in brackets.
    let line = crate::str::from_utf8(&line[..read.ok()?]).ok()?;
    let unit = line.split_once(')')?.1.split_ascii_whitespace().next()?.parse().ok()?;
    (unit > 0).then_some(unit)
}
