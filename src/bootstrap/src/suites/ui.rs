//! Small programs with their expected output (`tests/ui`).
//!
//! `NAME.rs` must print `NAME.stdout`. `NAME.stderr`, where it is, holds lines that standard error must contain;
//! `NAME.status` the exit code, else 0; `NAME.flags` flags for rustc; `NAME.machines` flags for plan9-run, a line for each
//! machine that the program must pass on, where those are not the newest kernel and one of 2024 with all it forbids.

use super::{Report, programs};
use crate::layout::Layout;
use crate::verbs::run::compile;
use anyhow::{Result, ensure};
use std::fs;
use std::path::Path;

/// What a program runs on that does not say.
const MACHINES: &str = "\n--kernel 2024-04 --strict\n";

/// Runs the suite.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    for source in programs::files(&layout.root.join("tests/ui"), "rs")? {
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if name.contains(part) {
            report.record(&format!("ui/{name}"), test(layout, &source, &name));
        }
    }
    Ok(())
}

fn test(layout: &Layout, source: &Path, name: &str) -> Result<()> {
    let beside = |extension| fs::read_to_string(source.with_extension(extension));
    let flags = beside("flags").unwrap_or_default();
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let binary = layout.build.join("test/ui").join(name);
    compile(layout, source, &binary, &flags)?;
    let status = beside("status").ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    for machine in beside("machines").unwrap_or_else(|_| MACHINES.into()).lines() {
        let machine: Vec<&str> = machine.split_whitespace().collect();
        let ended = programs::run(layout, &machine, &binary, &["one", "two words"])?;
        programs::same("standard output", &beside("stdout")?, &ended.stdout)?;
        for line in beside("stderr").unwrap_or_default().lines() {
            ensure!(
                ended.stderr.contains(line),
                "standard error lacks the line {line:?}:\n{}",
                ended.stderr
            );
        }
        ensure!(
            ended.code == status,
            "the exit code is {}, expected {status}; standard error:\n{}",
            ended.code,
            ended.stderr
        );
    }
    Ok(())
}
