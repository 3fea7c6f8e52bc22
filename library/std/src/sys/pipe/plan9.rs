//! Pipes. Each end of the kernel's could be read and written; std uses one direction, and closing
//! both ends ends both.

use plan9_abi::sys::file;

use crate::io;
use crate::sync::nonpoison::Mutex;
use crate::sys::fd::FileDesc;
use crate::sys::pal::cvt;

/// Held while a pipe has ends that exec does not close, and while a child is forked: else a child
/// that another thread starts meanwhile would keep an end, and nobody would read its end.
pub static NOT_WHILE_FORKING: Mutex<()> = Mutex::new(());

pub type Pipe = FileDesc;

/// The end to read and the end to write.
pub fn pipe() -> io::Result<(Pipe, Pipe)> {
    let _lock = NOT_WHILE_FORKING.lock();
    let (reader, writer) = cvt(file::pipe())?;
    let (reader, writer) = (FileDesc::new(reader), FileDesc::new(writer));
    Ok((reader.duplicate()?, writer.duplicate()?))
}
