//! What the machine's loop does for the host's sockets: it passes news on, asks when the timer rings, and at the end
//! delivers what is left.

use crate::ip::tcp;
use crate::kernel::Kernel;
use std::time::Duration;

/// The host's epoll descriptor was readable.
pub fn host_ready(k: &mut Kernel) {
    for (id, events) in k.net.host.news() {
        if let Some(n) = tcp::host::find(k, id) {
            tcp::host::arrived(k, n, events);
        } else if let Some(which) = k.net.host.published.iter().position(|p| p.id == id) {
            tcp::publish::arrived(k, which);
        }
    }
}

/// `tick` has rung.
pub fn tick(k: &mut Kernel) {
    tcp::tick(k);
    tcp::run_timers(k);
    tcp::host::look(k);
}

/// All procs are gone: what they wrote before they closed still goes to the host, as a machine's kernel would see to.
/// Gives up on a peer that takes nothing for ten seconds, and says so.
pub fn deliver(k: &mut Kernel) {
    const PATIENCE: Duration = Duration::from_secs(10);
    loop {
        tcp::host::discard(k);
        let left = tcp::host::undelivered(k);
        if left.is_empty() {
            return;
        }
        if !k.net.host.wait(PATIENCE) {
            for ((host, port), bytes) in left {
                eprintln!("plan9-run: {bytes} bytes for {host}!{port} were not taken and are lost");
            }
            return;
        }
        host_ready(k);
    }
}
