//! `x test`: the suites, all of them or those that a filter names.

use super::build;
use crate::layout::Layout;
use crate::suites::{self, Report};
use anyhow::{Result, bail};
use std::process::ExitCode;

/// Which tests.
#[derive(clap::Args)]
pub struct Args {
    /// A suite (host, ui, examples, go, std-tcp, std-udp, conformance, interop, counts, handler, crates), or SUITE/PART of a test's name; all suites without it
    pub filter: Option<String>,
}

/// Runs the verb; fails if a test did.
pub fn run(layout: &Layout, args: &Args) -> Result<ExitCode> {
    let (wanted, part) = match &args.filter {
        Some(filter) => filter.split_once('/').unwrap_or((filter, "")),
        None => ("", ""),
    };
    let chosen: Vec<_> =
        suites::ALL.iter().filter(|(name, _)| wanted.is_empty() || *name == wanted).collect();
    if chosen.is_empty() {
        let names: Vec<_> = suites::ALL.iter().map(|(name, _)| *name).collect();
        bail!("there is no suite {wanted}; the suites are {}", names.join(", "));
    }
    if chosen.iter().any(|(name, _)| *name != suites::HOST) {
        build::all(layout)?;
    }
    let mut report = Report::default();
    for (name, suite) in chosen {
        println!("-- {name}");
        suite(layout, part, &mut report)?;
    }
    println!("{} passed, {} failed, {} skipped", report.passed, report.failed, report.skipped);
    Ok(if report.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
