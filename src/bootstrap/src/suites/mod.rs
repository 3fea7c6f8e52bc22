//! The suites of `x test`. Each counts into one report and names every test that it ran.

mod batch;
mod chaos;
mod conformance;
mod counts;
mod crates;
mod deadline;
mod doc;
mod examples;
mod export;
mod facts;
pub mod go;
mod handler;
mod host;
mod install;
mod interop;
mod launch;
mod libtest;
mod link;
mod link_lines;
mod listed;
mod names;
mod patience;
pub mod programs;
mod remote;
mod served;
mod std_net;
mod ui;
mod upstream;

pub use facts::{described, splices};

use crate::layout::Layout;
use anyhow::Result;

/// The suite that needs no toolchain for Plan 9.
pub const HOST: &str = "host";

/// One suite.
pub struct Suite {
    pub name: &'static str,
    /// It runs programs for Plan 9; the others test what is on this host.
    pub runs_programs: bool,
    /// Takes minutes: left out unless it is named or all are asked for.
    pub long: bool,
    /// Runs the tests whose names contain the text.
    pub run: Run,
}

type Run = fn(&Layout, &str, &mut Report) -> Result<()>;

const fn host(name: &'static str, run: Run) -> Suite {
    Suite { name, runs_programs: false, long: false, run }
}

const fn short(name: &'static str, run: Run) -> Suite {
    Suite { name, runs_programs: true, long: false, run }
}

const fn long(name: &'static str, run: Run) -> Suite {
    Suite { name, runs_programs: true, long: true, run }
}

/// All suites, in the order in which they run.
pub const ALL: &[Suite] = &[
    host(HOST, host::run),
    short("ui", ui::run),
    short("link", link::run),
    short("examples", examples::run),
    short("go", go::run),
    short(names::STD_TCP, std_net::tcp),
    short(names::STD_UDP, std_net::udp),
    short("conformance", conformance::run),
    short("interop", interop::run),
    host("remote", remote::run),
    short("counts", counts::run),
    host("handler", handler::run),
    short("crates", crates::run),
    short("install", install::run),
    host("export", export::run),
    host("on-machine", served::run),
    long(names::CORETESTS, upstream::coretests),
    long(names::ALLOCTESTS, upstream::alloctests),
    long(names::STD, upstream::std_unit),
    long(names::STD_INTEGRATION, upstream::std_integration),
    long(names::STD_DOC, doc::std),
    long(names::ALLOC_DOC, doc::alloc),
    long(names::CORE_DOC, doc::core),
    long("deadline", deadline::run),
    long("chaos", chaos::run),
];

/// What has been counted so far.
#[derive(Default)]
pub struct Report {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
    /// What stands before the tests' names.
    pub prefix: &'static str,
}

impl Report {
    /// One test's end; `Err` says what was wrong.
    pub fn record(&mut self, name: &str, result: Result<()>) {
        match result {
            Ok(()) => {
                self.passed += 1;
                println!("{}{name} ... ok", self.prefix);
            }
            Err(why) => {
                self.failed += 1;
                println!("{}{name} ... FAILED\n{why:#}", self.prefix);
            }
        }
    }

    /// A test that cannot run here.
    pub fn skip(&mut self, name: &str, why: &str) {
        self.skipped += 1;
        println!("{}{name} ... skipped: {why}", self.prefix);
    }
}
