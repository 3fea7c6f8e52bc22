//! Who wakes a proc that is blocked in TCP, in a read, a connect, an open of `listen` or a write; what the blocked call
//! gave and how many notes its handler saw; what the conversation is good for afterwards.
//!
//! It is for a kernel that does not splice: on one that does, some of the calls wait for what never comes. The whole of
//! 127.0.0.0/8 must be on the loopback interface.

#![no_std]
#![no_main]

mod acts;
mod connects;
mod interrupts;
mod listens;
mod pairs;
mod reads;
mod writes;

use acts::Act;
use conformance::handle_notes;
use conformance::tcp::Listener;

conformance::watched_handler!();

#[unsafe(no_mangle)]
fn probe() {
    handle_notes();
    conformance::load_all();
    let listener = Listener::new(7780);
    for act in Act::ALL.into_iter().filter(|act| *act != Act::PeerReads) {
        reads::read(&listener, act);
    }
    connects::connects();
    listens::listens();
    interrupts::sticky(&listener, false);
    interrupts::sticky(&listener, true);
    interrupts::pending(&listener);
    interrupts::two_readers(&listener, 1);
    interrupts::two_readers(&listener, 0);
    interrupts::two_openers(&listener);
    writes::writes(&listener);
}
