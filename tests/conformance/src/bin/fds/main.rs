//! Descriptors: the path of one, copies, `/fd`, and what exec closes.

#![no_std]
#![no_main]

mod copies;
mod paths;
mod tables;

use conformance::argument;
use conformance::report::Label;
use plan9_abi::flags::rfork;
use plan9_abi::sys::process;

const LINE: Label = Label("");

conformance::counting_handler!();

#[unsafe(no_mangle)]
fn probe() {
    if argument(1).is_some() {
        // Executed by `tables`.
        return tables::which("after exec");
    }
    // SAFETY: no process is made.
    let _ = unsafe { process::rfork(rfork::NAMEG | rfork::ENVG | rfork::NOTEG) };
    paths::run();
    copies::run();
    tables::run();
}

/// Runs something in a child with copies of everything, and waits for it.
fn forked(run: impl FnOnce()) {
    child(rfork::FDG | rfork::REND, run);
}

/// Runs something in a child that shares what `flags` do not copy, and waits for it.
fn child(flags: u32, run: impl FnOnce()) {
    // SAFETY: the child has a copy of the whole program.
    if let Ok(0) = unsafe { process::rfork(rfork::PROC | flags) } {
        run();
        process::exits(None);
    }
    let _ = process::await_child(&mut [0; 256]);
}
