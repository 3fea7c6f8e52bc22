//! The suites `ui` and `conformance` again, through a `plan9-remote` that runs in `plan9-run`: that another machine is a
//! place to run on is tested where there is none.

use super::{Report, conformance, facts, ui};
use crate::layout::Layout;
use crate::machine::Machine;
use anyhow::Result;

/// What stands before the tests' names, and before a part.
const PREFIX: &str = "on-machine/";

/// Runs the suite; a part is one of the two suites, or SUITE/PART.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    let (wanted, part) = part.split_once('/').unwrap_or((part, ""));
    let layout = layout.on(Machine::served(layout.served()?));
    report.prefix = PREFIX;
    let mut run = || -> Result<()> {
        if "ui".starts_with(wanted) {
            ui::run(&layout, part, report)?;
        }
        if "conformance".starts_with(wanted) {
            conformance::run(&layout, part, report)?;
        }
        Ok(())
    };
    let result = run();
    report.prefix = "";
    result?;
    println!("on {}: ui, conformance", facts::described(&layout)?);
    Ok(())
}
