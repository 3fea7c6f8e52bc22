//! Small programs with their expected output (`tests/ui`).
//!
//! `NAME.rs` must print `NAME.stdout`. `NAME.stderr`, where it is, holds lines that standard error must contain;
//! `NAME.status` the exit code, else 0; `NAME.flags` flags for rustc; `NAME.machines` flags for plan9-run, a line for each
//! machine that the program must pass on, where those are not the newest kernel and one of 2024 with all it forbids.
//!
//! On another machine than plan9-run a program runs once, in an empty `/tmp` where it asks for `--ramfs`;
//! `NAME.remote.stdout` is what it prints there, where that differs, and `NAME.here` says why it can run in plan9-run only.

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
        if !name.contains(part) {
            continue;
        }
        let title = format!("ui/{name}");
        match fs::read_to_string(source.with_extension("here")) {
            Ok(why) if !layout.machine.is_embedded() => report.skip(&title, why.trim()),
            _ => report.record(&title, test(layout, &source, &name)),
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
    let machines = beside("machines").unwrap_or_else(|_| MACHINES.into());
    let machines: Vec<Vec<&str>> =
        machines.lines().map(|line| line.split_whitespace().collect()).collect();
    let machines: Vec<&[&str]> = machines.iter().map(Vec::as_slice).collect();
    let stdout = match beside("remote.stdout") {
        Ok(text) if !layout.machine.is_embedded() => text,
        _ => beside("stdout")?,
    };
    for machine in layout.machine.kinds(&machines) {
        let flags = programs::flags_for(layout, machine);
        let ended = programs::run(layout, &flags, &binary, &["one", "two words"])?;
        programs::same("standard output", &stdout, &ended.stdout)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_small_table_of_procs_on_every_machine_says_that_it_runs_in_plan9_run_only() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut found = 0;
        for machines in programs::files(&root.join("tests/ui"), "machines").unwrap() {
            if fs::read_to_string(&machines).unwrap().lines().all(|line| line.contains("--procs")) {
                found += 1;
                let why = machines.with_extension("here");
                assert!(why.is_file(), "{} is missing", why.display());
            }
        }
        assert!(found > 0, "no program of tests/ui has the flag");
    }
}
