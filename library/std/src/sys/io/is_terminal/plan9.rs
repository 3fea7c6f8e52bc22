//! What a terminal is here: a descriptor whose name ends in `/cons`, as the console's own and each window's do.

use crate::sys::pal::fd_name;

/// A descriptor of std's own standard streams.
pub fn is_terminal(fd: &impl crate::sys::stdio::Descriptor) -> bool {
    let mut name = [0; 256];
    fd_name(fd.descriptor(), &mut name).is_some_and(|name| name.ends_with(b"/cons"))
}
