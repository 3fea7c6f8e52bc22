//! The host's standard streams, which are descriptors 0, 1 and 2 of the first proc.
//!
//! A program learns by the name of a descriptor what it is (man 2/fd2path): the console is one, a file or a pipe is none.
//! So each has the name that it would have had, had rc started the program: the console's for a terminal, that of a
//! pipe's end, or the file's own. A file outside the machine's root keeps the host's name, as one that was opened in
//! another name space would.

use super::count;
use super::host::why;
use crate::chan::spelling;
use crate::dev::{
    self, Breakable, Device, DeviceId, Entry, Node, Operation, Pid, Qid, Result, Started, Step,
    Value, WaitId, error,
};
use crate::kernel::{Kernel, NoteKind};
use crate::qio::HUNGUP;
use plan9_abi::note::WRITE_ON_CLOSED_PIPE;
use std::fs::{self, File};
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{FromRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The letter of the standard streams, which no program can name.
pub const STDIO: char = '\u{1}';

fn is_terminal(fd: RawFd) -> bool {
    // SAFETY: a question about a number.
    unsafe { libc::isatty(fd) == 1 }
}

/// The name of a standard stream of the host's in the machine.
pub fn path(root: &Path, fd: RawFd) -> String {
    if is_terminal(fd) {
        return "#c/cons".into();
    }
    let link = fs::read_link(format!("/proc/self/fd/{fd}"));
    // What the host has closed is nothing's.
    link.map_or("/dev/null".into(), |link| name(root, &link, fd))
}

/// The name of what the host calls `link`, which for a pipe or a socket is no path.
fn name(root: &Path, link: &Path, fd: RawFd) -> String {
    if !link.is_absolute() {
        return if fd == 0 { "#|/data" } else { "#|/data1" }.into();
    }
    match link.strip_prefix(root) {
        Ok(inside) => format!("/{}", spelling::text(inside.as_os_str().as_bytes())),
        Err(_) => spelling::text(link.as_os_str().as_bytes()),
    }
}

/// The host's standard input, output and error, by descriptor.
pub struct Stdio;

/// One of them.
pub fn stdio_node(fd: RawFd) -> Node {
    Node {
        device: DeviceId { letter: STDIO, instance: 0 },
        qid: Qid { path: fd as u64, vers: 0, kind: 0 },
        aux: 0,
        fid: None,
    }
}

/// A read of standard input that waits for the host.
struct ReadStream {
    fd: RawFd,
    count: usize,
    wait: WaitId,
}

impl Operation for ReadStream {
    fn step(&mut self, k: &mut Kernel, _pid: Pid) -> Step {
        let mut poll = libc::pollfd { fd: self.fd, events: libc::POLLIN, revents: 0 };
        // SAFETY: one live pollfd, and no waiting.
        let ready = unsafe { libc::poll(&mut poll, 1, 0) };
        if ready == 0 {
            k.files.wanted.retain(|&(_, wait)| wait != self.wait);
            k.files.wanted.push((self.fd, self.wait));
            return Step::Wait(self.wait, Breakable::ByNotes);
        }
        let mut buffer = vec![0u8; self.count];
        // SAFETY: the buffer is as long as the count.
        let n = unsafe { libc::read(self.fd, buffer.as_mut_ptr().cast(), buffer.len()) };
        if n < 0 {
            return Step::Done(Err(why(&io::Error::last_os_error())));
        }
        buffer.truncate(n as usize);
        Step::Done(Ok(Value::Bytes(buffer)))
    }

    fn interrupted(&mut self, k: &mut Kernel, _pid: Pid) -> Result<Value> {
        k.files.wanted.retain(|&(_, wait)| wait != self.wait);
        Err(dev::INTERRUPTED)
    }
}

impl Device for Stdio {
    fn letter(&self) -> char {
        STDIO
    }

    fn attach(&self, _k: &mut Kernel, _pid: Pid, _spec: &str) -> Result<Node> {
        Err(error("unknown device in # filename"))
    }

    fn walk(&self, _k: &mut Kernel, _pid: Pid, _from: &Node, _name: &str) -> Result<Node> {
        Err(error("file does not exist"))
    }

    fn stat(&self, k: &mut Kernel, _pid: Pid, node: &Node) -> Result<Entry> {
        let fd = node.qid.path as RawFd;
        let name = path(&k.options.root, fd);
        let name = name.rsplit('/').next().unwrap_or_default();
        if is_terminal(fd) {
            return Ok(super::entry(k, node, name, 0o660, 0));
        }
        // SAFETY: the descriptor is the host's, and is not closed here.
        let file = ManuallyDrop::new(unsafe { File::from_raw_fd(fd) });
        let data = file.metadata().map_err(|e| why(&e))?;
        let length = if data.is_file() { data.len() } else { 0 };
        Ok(super::entry(k, node, name, data.mode() & 0o777, length))
    }

    fn entries(&self, _k: &mut Kernel, _pid: Pid, _node: &Node) -> Result<Vec<Entry>> {
        Err(error("not a directory"))
    }

    fn open(&self, _k: &mut Kernel, _pid: Pid, node: &Node, _mode: u32) -> Started {
        Started::Done(Ok(Value::File(node.clone())))
    }

    fn read(&self, k: &mut Kernel, _pid: Pid, node: &Node, n: usize, _offset: u64) -> Started {
        let wait = k.waits.fresh();
        Started::Blocked(Box::new(ReadStream { fd: node.qid.path as RawFd, count: n, wait }))
    }

    /// A pipe of the host's that nobody reads fails as one of the kernel's (`port/devpipe.c:pipewrite`): with a note.
    fn write(&self, k: &mut Kernel, pid: Pid, node: &Node, data: &[u8], _to: u64) -> Started {
        let mut written = 0;
        while written < data.len() {
            let rest = &data[written..];
            // SAFETY: the pointer and the length are those of `rest`.
            let n =
                unsafe { libc::write(node.qid.path as RawFd, rest.as_ptr().cast(), rest.len()) };
            if n < 0 {
                let failure = io::Error::last_os_error();
                if failure.kind() == io::ErrorKind::Interrupted {
                    continue;
                }
                if failure.kind() == io::ErrorKind::BrokenPipe {
                    // Five notes that wait already are enough.
                    let _ = k.post_note(pid, WRITE_ON_CLOSED_PIPE, NoteKind::User);
                    return Started::Done(Err(HUNGUP));
                }
                return Started::Done(Err(why(&failure)));
            }
            written += n as usize;
        }
        count(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_by_what_it_is_on_the_host() {
        let name = |root, link, fd| name(Path::new(root), Path::new(link), fd);
        assert_eq!(name("/", "/tmp/out", 1), "/tmp/out");
        assert_eq!(name("/home/root", "/home/root/out", 1), "/out");
        assert_eq!(name("/home/root", "/dev/null", 0), "/dev/null");
        assert_eq!(name("/", "pipe:[17]", 0), "#|/data");
        assert_eq!(name("/", "socket:[17]", 2), "#|/data1");
    }
}
