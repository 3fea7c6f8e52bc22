//! Pipes, device `#|` (`port/devpipe.c`).

/// All pipes of the machine.
#[derive(Default)]
pub struct Pipes {}

/// The two ends of a new pipe.
pub fn new_pair(_k: &mut crate::kernel::Kernel) -> (crate::dev::Node, crate::dev::Node) {
    panic!("pipes are not built yet")
}
