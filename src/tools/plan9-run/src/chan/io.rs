//! Reads, writes and seeks (`port/sysfile.c`).

use super::calls::{BAD_ARG, chan_of, now};
use super::{BAD_USE, Call, Chan, Finish, directory, release};
use crate::dev::{Pid, Result, Value, error};
use crate::devices;
use crate::kernel::Kernel;

/// The largest count of a read or write.
const MAX_COUNT: u64 = 1 << 31;

/// The channel of a descriptor that is read, written or sought in, which one of a mount is not (`CMSG`).
fn io_chan(k: &Kernel, pid: Pid, fd: i32) -> Result<Chan> {
    let chan = chan_of(k, pid, fd)?;
    if chan.mux.borrow().connection.is_some() { Err(BAD_USE) } else { Ok(chan) }
}

pub fn read(k: &mut Kernel, pid: Pid, fd: i32, at: u64, count: u64, offset: i64) -> Result<Call> {
    if count >= MAX_COUNT {
        k.user_check(pid, at, count as usize, true)?;
    }
    let chan = io_chan(k, pid, fd)?;
    if !chan.readable() {
        return Err(BAD_USE);
    }
    let count = count as usize;
    k.user_check(pid, at, count, true)?;
    if chan.is_directory() {
        if offset == 0 {
            chan.directory.replace(None);
            chan.offset.set(0);
        } else if offset != -1 && offset as u64 != chan.offset.get() {
            return Err(error("seek in directory"));
        }
        let bytes = directory::read(k, pid, &chan, count)?;
        k.user_write(pid, at, &bytes)?;
        release(k, chan);
        return Ok(now(bytes.len() as i64));
    }
    let from = if offset == -1 { chan.offset.get() } else { offset as u64 };
    if offset < -1 {
        return Err(error("negative i/o offset"));
    }
    let started = devices::of(&chan.node)?.read(k, pid, &chan.node, count, from);
    let finish: Finish = Box::new(move |k, pid, value| {
        let result = match value {
            Ok(Value::Bytes(bytes)) => {
                if offset == -1 {
                    chan.offset.set(chan.offset.get() + bytes.len() as u64);
                }
                let n = bytes.len() as i64;
                // An empty answer touches no memory: the buffer was checked above.
                if n == 0 { Ok(0) } else { k.user_write(pid, at, &bytes).map(|()| n) }
            }
            Ok(_) => Ok(0),
            Err(why) => Err(why),
        };
        release(k, chan);
        result
    });
    Ok(Call { started, finish })
}

pub fn write(k: &mut Kernel, pid: Pid, fd: i32, at: u64, count: u64, offset: i64) -> Result<Call> {
    if count >= MAX_COUNT {
        k.user_check(pid, at, count as usize, false)?;
    }
    let data = k.user_read(pid, at, count as usize)?;
    let chan = io_chan(k, pid, fd)?;
    if !chan.writable() {
        return Err(BAD_USE);
    }
    if chan.is_directory() {
        return Err(error("is a directory"));
    }
    if offset < -1 {
        return Err(error("negative i/o offset"));
    }
    let to = if offset == -1 { chan.offset.get() } else { offset as u64 };
    let started = devices::of(&chan.node)?.write(k, pid, &chan.node, &data, to);
    let finish: Finish = Box::new(move |k, _, value| {
        let result = match value {
            Ok(Value::Count(n)) => {
                if offset == -1 {
                    chan.offset.set(chan.offset.get() + n);
                }
                Ok(n as i64)
            }
            Ok(_) => Ok(0),
            Err(why) => Err(why),
        };
        release(k, chan);
        result
    });
    Ok(Call { started, finish })
}

pub fn seek(
    k: &mut Kernel,
    pid: Pid,
    result: u64,
    fd: i32,
    offset: i64,
    whence: u32,
) -> Result<i64> {
    k.user_check(pid, result, 8, true)?;
    let place = seek_to(k, pid, fd, offset, whence)?;
    k.user_write(pid, result, &place.to_le_bytes())?;
    Ok(0)
}

pub fn seek_to(k: &mut Kernel, pid: Pid, fd: i32, offset: i64, whence: u32) -> Result<u64> {
    let chan = io_chan(k, pid, fd)?;
    if chan.node.device.letter == '|' {
        return Err(error("seek on a stream"));
    }
    if chan.is_directory() {
        if whence != 0 || offset != 0 {
            return Err(error("file is a directory"));
        }
        chan.directory.replace(None);
    }
    let base = match whence {
        0 => 0,
        1 => chan.offset.get() as i64,
        2 => devices::of(&chan.node)?.stat(k, pid, &chan.node)?.length as i64,
        _ => return Err(BAD_ARG),
    };
    let place = base.checked_add(offset).filter(|&place| place >= 0);
    let place = place.ok_or(error("negative i/o offset"))? as u64;
    chan.offset.set(place);
    release(k, chan);
    Ok(place)
}
