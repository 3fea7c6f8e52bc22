//! The suites of `x test`. Each counts into one report and names every test that it ran.

mod conformance;
mod counts;
mod crates;
mod examples;
mod go;
mod handler;
mod host;
mod interop;
mod programs;
mod std_net;
mod ui;

use crate::layout::Layout;
use anyhow::Result;

/// The suite that needs no toolchain for Plan 9.
pub const HOST: &str = "host";

/// Runs the tests of a suite whose names contain the text.
type Suite = fn(&Layout, &str, &mut Report) -> Result<()>;

/// All suites, in the order in which they run.
pub const ALL: &[(&str, Suite)] = &[
    (HOST, host::run),
    ("ui", ui::run),
    ("examples", examples::run),
    ("go", go::run),
    ("std-tcp", std_net::tcp),
    ("std-udp", std_net::udp),
    ("conformance", conformance::run),
    ("interop", interop::run),
    ("counts", counts::run),
    ("handler", handler::run),
    ("crates", crates::run),
];

/// What has been counted so far.
#[derive(Default)]
pub struct Report {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl Report {
    /// One test's end; `Err` says what was wrong.
    pub fn record(&mut self, name: &str, result: Result<()>) {
        match result {
            Ok(()) => {
                self.passed += 1;
                println!("{name} ... ok");
            }
            Err(why) => {
                self.failed += 1;
                println!("{name} ... FAILED\n{why:#}");
            }
        }
    }

    /// A test that cannot run here.
    pub fn skip(&mut self, name: &str, why: &str) {
        self.skipped += 1;
        println!("{name} ... skipped: {why}");
    }
}
