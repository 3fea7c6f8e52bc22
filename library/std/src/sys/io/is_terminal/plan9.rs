//! What a terminal is here: a descriptor whose name ends in `/cons`, as the console's own and each
//! window's do.

use crate::os::fd::{AsFd, AsRawFd};
use crate::sys::pal::fd_name;

pub fn is_terminal(fd: &impl AsFd) -> bool {
    let mut name = [0; 256];
    fd_name(fd.as_fd().as_raw_fd(), &mut name).is_some_and(|name| name.ends_with(b"/cons"))
}
