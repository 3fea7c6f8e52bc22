//! TCP on 127.0.0.1: error texts, control messages, what `status`, `local` and `remote` say in every state that can be
//! shown, each kind of end, the backlog, how many conversations there are.
//!
//! It is for a kernel that does not splice: on one that does, the write before the connect in `fresh` stops all TCP of the
//! machine for good.

#![no_std]
#![no_main]

mod addresses;
mod backlog;
mod controls;
mod endings;
mod established;
mod fresh;
mod states;

use conformance::handle_notes;
use conformance::tcp::Listener;

conformance::counting_handler!();

/// Where all pairs are made, and a call to there.
const PORT: u32 = 7760;
const CALL: &str = "connect 127.0.0.1!7760";

#[unsafe(no_mangle)]
fn probe() {
    handle_notes();
    // Each part has a listener of its own: the calls that nobody took go with it.
    let listener = Listener::new(PORT);
    addresses::addresses();
    listener.own.drop();
    let listener = Listener::new(PORT);
    fresh::fresh();
    listener.own.drop();
    let listener = Listener::new(PORT);
    established::established(&listener);
    endings::endings(&listener);
    endings::half_close(&listener);
    states::states(&listener);
    backlog::backlog();
    backlog::clones();
}
