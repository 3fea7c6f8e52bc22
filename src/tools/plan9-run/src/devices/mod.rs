//! The table of kernel devices.

pub mod cons;
pub mod dup;
pub mod env;
pub mod host;
pub mod proc;
mod proc_ctl;
mod proc_debug;
pub mod ram;
pub mod srv;
pub mod stdio;

use crate::chan::Chan;
use crate::dev::{Device, DeviceId, Entry, Node, Pid, QTDIR, Qid, Result, Started, Value, error};
use crate::kernel::Kernel;
use crate::{ip, mnt, pipe};

/// The user who may do the least.
const NOBODY: &str = "none";

/// The device of a letter, as in `#c`.
pub fn find(letter: char) -> Option<&'static dyn Device> {
    Some(match letter {
        'c' => &cons::Console,
        'd' => &dup::Dup,
        'e' => &env::Environment,
        'I' => &ip::IpDevice,
        'p' => &proc::ProcDevice,
        's' => &srv::Srv,
        'U' => &host::Host,
        ram::LETTER => &ram::Ram,
        '|' => &pipe::PipeDevice,
        stdio::STDIO => &stdio::Stdio,
        _ => return None,
    })
}

/// The device of a file.
pub fn of(node: &Node) -> Result<&'static dyn Device> {
    if node.fid.is_some() {
        return Ok(&mnt::device::Mount);
    }
    find(node.device.letter).ok_or(error("unknown device in # filename"))
}

/// A proc asks for something that a 9P server gives on 9front, where this machine has it itself: the host's files, and
/// those of a ramfs. It waits for the answer, and that spends a pending interrupt, though the call succeeds: the kernel
/// sends a Tflush, and the answer comes first (`port/devmnt.c:mountio`).
pub(crate) fn serve(k: &mut Kernel, pid: Pid) {
    if let Some(proc) = k.procs.get_mut(&pid) {
        proc.notepending = false;
    }
}

/// The channel that a file of `#d` or `#s` stands for: opening it gives that very channel.
pub fn same_channel(k: &mut Kernel, pid: Pid, node: &Node) -> Option<Chan> {
    match node.device.letter {
        'd' => dup::channel(k, pid, node),
        's' => srv::channel(k, node),
        _ => None,
    }
}

/// A file of a small device, by its path number.
pub(crate) fn node(letter: char, path: u64, kind: u8) -> Node {
    Node {
        device: DeviceId { letter, instance: 0 },
        qid: Qid { path, vers: 0, kind },
        aux: 0,
        fid: None,
    }
}

/// An entry of a device whose files belong to the user and were made when the machine started.
pub(crate) fn entry(k: &Kernel, node: &Node, name: &str, mode: u32, length: u64) -> Entry {
    let now = (k.now_ns() / 1_000_000_000) as u32;
    let directory = if node.qid.kind & QTDIR != 0 { plan9_abi::flags::mode::DIR } else { 0 };
    Entry {
        qid: node.qid,
        mode: mode | directory,
        atime: now,
        mtime: now,
        length,
        name: name.into(),
        uid: k.options.user.clone(),
        gid: k.options.user.clone(),
        muid: k.options.user.clone(),
    }
}

/// The part of a text that a read at an offset gives.
pub(crate) fn part(text: &[u8], count: usize, offset: u64) -> Started {
    let from = (offset as usize).min(text.len());
    let to = from.saturating_add(count).min(text.len());
    bytes(text[from..to].to_vec())
}

/// A read's answer.
pub(crate) fn bytes(bytes: Vec<u8>) -> Started {
    Started::Done(Ok(Value::Bytes(bytes)))
}

/// A write's answer.
pub(crate) fn count(n: usize) -> Started {
    Started::Done(Ok(Value::Count(n as u64)))
}

/// An answer known at once.
pub(crate) fn done<T>(result: Result<T>, answer: impl FnOnce(T) -> Value) -> Started {
    Started::Done(result.map(answer))
}

/// A number in the 12 columns of `/dev/pid` and its kin: eleven digits and a blank.
pub(crate) fn number(n: u64) -> Vec<u8> {
    format!("{n:11} ").into_bytes()
}
