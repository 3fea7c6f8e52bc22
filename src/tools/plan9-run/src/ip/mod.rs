//! The network, device `#I` (`ip/devip.c`), and the name service `/net/cs`.

use crate::dev::Waits;
use crate::kernel::Options;

/// The one IP stack of the machine.
pub struct Stack {}

impl Stack {
    pub fn new(_options: &Options, _waits: &mut Waits) -> Stack {
        Stack {}
    }

    /// The host's epoll descriptor that becomes readable when a host socket wants attention, if there is one.
    pub fn host_fd(&self) -> Option<std::os::fd::RawFd> {
        None
    }
}

/// The host's epoll descriptor was readable: moves bytes between host sockets and queues, wakes who waits.
pub fn host_ready(_k: &mut crate::kernel::Kernel) {}
