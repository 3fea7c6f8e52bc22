//! What the kernel knows of a descriptor's channel: the line of its own file, `#d/Nctl` (man
//! 3/dup).
//!
//! Reading it asks no file server anything, where `fstat` does.

use plan9_abi::flags::open;
use plan9_abi::sys::file;

use crate::os::fd::RawFd;
use crate::sys::pal::errstr::retry;
use crate::sys::pal::small_cstr::SmallCStr;

/// Two facts of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Whether it was opened for writing.
    pub written: bool,
    /// The bytes that one message to its server holds; 0 if it has no server.
    pub iounit: usize,
}

impl Channel {
    /// What the kernel says; `None` for what is no descriptor.
    pub fn of(fd: RawFd) -> Option<Channel> {
        let name = SmallCStr::new(format_args!("#d/{fd}ctl"));
        let ctl = retry(|| file::open(name.as_c_str(), open::READ | open::CEXEC)).ok()?;
        let mut line = [0; 256];
        let read = retry(|| file::read(ctl, &mut line));
        let _ = file::close(ctl);
        Channel::parse(&line[..read.ok()?])
    }

    /// The line: `FD MODE DEVICE INSTANCE (QID) IOUNIT OFFSET PATH` (`port/devproc.c:procfdprint`).
    fn parse(line: &[u8]) -> Option<Channel> {
        let words = line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
        let written = words.clone().nth(1)?.contains(&b'w');
        // The qid is three words, the last of which ends in a bracket.
        let iounit = words.skip_while(|word| !word.ends_with(b")")).nth(1)?;
        let iounit = crate::str::from_utf8(iounit).ok()?.parse().ok()?;
        Some(Channel { written, iounit })
    }
}
