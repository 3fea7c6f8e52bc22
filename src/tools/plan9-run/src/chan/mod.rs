//! Channels, names and descriptors (`port/chan.c`, `port/sysfile.c`).

use crate::dev::{Pid, Result, Started, Value};
use crate::kernel::Kernel;

/// Descriptor tables, namespaces and environment groups of all procs, by group.
#[derive(Default)]
pub struct Files {}

/// What is done with a device's answer once there is one: bytes copied to the program, a descriptor installed. Gives the
/// system call's result.
pub type Finish = Box<dyn FnOnce(&mut Kernel, Pid, Result<Value>) -> Result<i64>>;

/// A file system call under way.
pub struct Call {
    pub started: Started,
    pub finish: Finish,
}

/// The file system calls; `None` for a number that is none of them.
pub fn syscall(_k: &mut Kernel, _pid: Pid, _number: u64, _args: [u64; 5]) -> Option<Call> {
    None
}

/// Groups of the first proc: descriptors 0, 1 and 2 are the host's, the namespace is that of a fresh machine.
pub fn boot(_k: &mut Kernel, _pid: Pid) {}

/// Shares or copies groups for a child, or for `pid` itself without RFPROC (`port/sysproc.c:sysrfork`).
pub fn fork_groups(_k: &mut Kernel, _parent: Pid, _child: Pid, _flags: u64) {}

/// Closes the descriptors marked OCEXEC.
pub fn exec_close(_k: &mut Kernel, _pid: Pid) {}

/// Gives up a dead proc's groups.
pub fn exit(_k: &mut Kernel, _pid: Pid) {}

/// Opens `path` with OEXEC and reads the whole file, for exec.
pub fn load(k: &mut Kernel, _pid: Pid, path: &str) -> Result<Vec<u8>> {
    let host = k.options.root.join(path.trim_start_matches('/'));
    std::fs::read(host).map_err(|_| crate::dev::error("file does not exist"))
}

/// Host descriptors that operations wait to read.
impl Files {
    pub fn host_fds(&self) -> Vec<std::os::fd::RawFd> {
        Vec::new()
    }
}

/// Host descriptors became readable: wakes who waits for them.
pub fn host_ready(_k: &mut Kernel, _ready: &[std::os::fd::RawFd]) {}

/// The kernel's own message to a proc, on its descriptor 2.
pub fn kernel_print(_k: &mut Kernel, _pid: Pid, text: &[u8]) {
    use std::io::Write;
    let _ = std::io::stderr().write_all(text);
}
