//! Pipes, device `#|` (`port/devpipe.c`).

/// All pipes of the machine.
#[derive(Default)]
pub struct Pipes {}
