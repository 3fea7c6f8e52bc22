//! `x export --check`: what is handed to upstream is what is built and tested here.

use super::Report;
use crate::export;
use crate::layout::Layout;
use crate::toolchain;
use anyhow::{Result, ensure};

/// Runs the suite.
pub fn run(layout: &Layout, _part: &str, report: &mut Report) -> Result<()> {
    let rust = toolchain::find_or_install(layout)?;
    report.record("export/the commits end in the overlaid tree", check(layout, &rust));
    Ok(())
}

fn check(layout: &Layout, rust: &toolchain::Rust) -> Result<()> {
    let checked = export::check(layout, rust)?;
    ensure!(checked.commits > 1, "the series has {} commits", checked.commits);
    Ok(())
}
