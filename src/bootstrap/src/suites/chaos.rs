//! Programs on a machine that holds procs up at moments which a seed gives (`plan9-run --chaos`): what passes on a quick
//! machine by luck alone fails here. A title ends in its seed, and `plan9-run --chaos SEED` runs it again.
//!
//! `go` is the other way round: the newest Go's program (`tests/chaos`), which on a real kernel dies of a note of its own
//! that comes late, must die here as well, or the machine opens no window that matters.

use super::listed::List;
use super::{Report, deadline, go, names, programs, std_net};
use crate::layout::Layout;
use crate::verbs::run::compile;
use anyhow::{Result, ensure};
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Every program runs under each of them.
const SEEDS: RangeInclusive<u64> = 1..=20;
/// The slowest programs take so long, for all their holds.
const LIMIT: Duration = Duration::from_secs(240);
/// How long a storm is, in seconds, and the pause between its calls in milliseconds.
const STORM: [&str; 2] = ["5", "0"];
/// Go's program is run under so many seeds, must die under more than half of them, and ends by itself after 50 s.
const GO_SEEDS: RangeInclusive<u64> = 1..=5;
const GO_LIMIT: Duration = Duration::from_secs(90);

/// Runs the suite.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    if !layout.machine.is_embedded() {
        report.skip("chaos", "plan9-run holds procs up, a kernel does not");
        return Ok(());
    }
    if "chaos/go".contains(part) {
        deaths_of_go(layout, report)?;
    }
    if part.is_empty() || part.contains("storm") {
        let storm = deadline::build(layout)?.join("storm");
        for seed in SEEDS {
            let mut args = STORM.to_vec();
            args.extend(deadline::FOREIGN);
            under(report, "storm", part, seed, |flags| {
                let ended = programs::run_within(LIMIT, layout, flags, &storm, &args)?;
                ensure!(ended.code == 0, "{}{}", ended.stdout, ended.stderr);
                Ok(())
            });
        }
    }
    for source in programs::files(&layout.root.join("tests/ui"), "rs")? {
        let name = source.file_stem().unwrap_or_default().to_string_lossy();
        let title = format!("ui/{name}");
        if SEEDS.into_iter().any(|seed| named(&title, seed).contains(part)) {
            let program = Program::new(layout, &source)?;
            for seed in SEEDS {
                under(report, &title, part, seed, |flags| program.run(layout, flags));
            }
        }
    }
    for suite in [names::STD_TCP, names::STD_UDP] {
        if !(suite.contains(part) || part.contains(suite)) {
            continue;
        }
        let (binary, tests) = std_net::built(layout, suite)?;
        let list = List::read(layout)?;
        let left_out = list.reasons(suite, &tests)?;
        for test in tests.iter().filter(|test| !left_out.contains_key(*test)) {
            for seed in SEEDS {
                under(report, &format!("{suite}/{test}"), part, seed, |flags| {
                    std_net::one(layout, &binary, test, flags)
                });
            }
        }
    }
    Ok(())
}

/// One program under one seed.
fn under(
    report: &mut Report,
    name: &str,
    part: &str,
    seed: u64,
    test: impl FnOnce(&[&str]) -> Result<()>,
) {
    let title = named(name, seed);
    if title.contains(part) {
        report.record(&title, test(&["--chaos", &seed.to_string()]));
    }
}

fn named(name: &str, seed: u64) -> String {
    format!("chaos/{name} --chaos {seed}")
}

/// A program of the suite `ui`, on the first of its machines.
struct Program {
    binary: PathBuf,
    machine: String,
    stdout: String,
    status: i32,
}

impl Program {
    fn new(layout: &Layout, source: &Path) -> Result<Program> {
        let beside = |extension| fs::read_to_string(source.with_extension(extension));
        let flags = beside("flags").unwrap_or_default();
        let flags: Vec<&str> = flags.split_whitespace().collect();
        let binary = layout.build.join("test/ui").join(source.file_stem().unwrap_or_default());
        compile(layout, source, &binary, &flags)?;
        let machines = beside("machines").unwrap_or_default();
        Ok(Program {
            binary,
            machine: machines.lines().next().unwrap_or_default().to_string(),
            stdout: beside("stdout")?,
            status: beside("status").ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0),
        })
    }

    fn run(&self, layout: &Layout, chaos: &[&str]) -> Result<()> {
        let flags: Vec<&str> =
            chaos.iter().copied().chain(self.machine.split_whitespace()).collect();
        let args = ["one", "two words"];
        let ended = programs::run_within(LIMIT, layout, &flags, &self.binary, &args)?;
        programs::same("standard output", &self.stdout, &ended.stdout)?;
        ensure!(ended.code == self.status, "the exit code is {}:\n{}", ended.code, ended.stderr);
        Ok(())
    }
}

/// Go's program must not live under most seeds.
fn deaths_of_go(layout: &Layout, report: &mut Report) -> Result<()> {
    const TITLE: &str = "chaos/go";
    let Some(newest) = go::compilers().pop() else {
        report.skip(TITLE, &go::why_none());
        return Ok(());
    };
    let binary = layout.build.join("test/go/chaos-deadline");
    go::build(layout, &newest, &layout.root.join("tests/chaos/deadline.go"), &binary)?;
    let mut dead = 0;
    for seed in GO_SEEDS {
        let flags = ["--trace", "--chaos", &seed.to_string()];
        let ended = programs::run_within(GO_LIMIT, layout, &flags, &binary, &[])?;
        dead += usize::from(ended.code != 0 && ended.stderr.contains(" ends: hangup"));
    }
    let seeds = GO_SEEDS.count();
    let result = || {
        ensure!(2 * dead > seeds, "it died of its own note under {dead} of {seeds} seeds");
        println!(
            "{TITLE}: {} died of its own note under {dead} of {seeds} seeds",
            go::version(&newest)?
        );
        Ok(())
    };
    report.record(TITLE, result());
    Ok(())
}
