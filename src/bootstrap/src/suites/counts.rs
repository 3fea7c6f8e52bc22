//! System calls per operation (`tests/counts`): a timed read or write that need not wait makes one, as an untimed one
//! does, setting a timeout makes none, and a stalled writer stops filling its peer's queue; what files cost.

use super::{Report, programs};
use crate::layout::Layout;
use crate::verbs::run::compile;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};

/// A write and a read.
const CALLS_A_ROUND: u64 = 2;
const ROUNDS: u64 = 1000;

/// Files are those of a file server.
const MACHINE: &[&str] = &["--stats", "--ramfs", "/tmp"];

/// What is done with files, and the calls of each.
const FILES: &[(&str, u64)] = &[
    // The end, the write, the offset behind it.
    ("append", 3),
    ("read", 1),
    // Whether it is a directory is asked once.
    ("open and read", 4),
    // With the record, and a read that finds the end.
    ("small file", 5),
    ("large file", 5),
    ("set_len", 1),
    // There and back: a record and a change.
    ("rename", 4),
];

/// Runs the suite.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    let program = |name: &str| -> Result<PathBuf> {
        let binary = layout.build.join("test/counts").join(name);
        compile(layout, &layout.root.join(format!("tests/counts/{name}.rs")), &binary, &["-O"])?;
        Ok(binary)
    };
    let rounds = program("rounds")?;
    for kind in ["untimed", "timed"] {
        if kind.contains(part) {
            report.record(&format!("counts/{kind}"), test(layout, &rounds, kind, CALLS_A_ROUND));
        }
    }
    let files = program("files")?;
    for &(kind, calls) in FILES {
        if kind.contains(part) {
            report.record(&format!("counts/{kind}"), test(layout, &files, kind, calls));
        }
    }
    if "stalled".contains(part) {
        let binary = program("stalled")?;
        report.record("counts/stalled", stalled(layout, &binary));
    }
    Ok(())
}

/// A peer that never reads is not made to queue without bound: each write that timed out while the stream was full is
/// an empty block in its queue and a note, two `pwrite`s, and those end at some hundred time-outs.
fn stalled(layout: &Layout, binary: &Path) -> Result<()> {
    const TIME_OUTS: u64 = 1500;
    const MOST: u64 = TIME_OUTS;
    let ended = programs::run(layout, &["--stats"], binary, &[&TIME_OUTS.to_string()])?;
    ensure!(ended.code == 0, "{}", ended.stderr);
    let count = ended
        .stderr
        .lines()
        .find_map(|line| line.trim().strip_suffix(" pwrite")?.trim().parse::<u64>().ok())
        .context("no pwrite was counted")?;
    ensure!(count < MOST, "{TIME_OUTS} writes that timed out made {count} pwrites");
    Ok(())
}

/// Twice as many rounds make that many more calls, and no other.
fn test(layout: &Layout, binary: &Path, kind: &str, each: u64) -> Result<()> {
    let more = calls(layout, binary, kind, 2 * ROUNDS)?;
    let fewer = calls(layout, binary, kind, ROUNDS)?;
    // The deadline thread may look once more or less before it falls asleep.
    const SLACK: u64 = 4;
    let (least, most) = (each * ROUNDS - SLACK, each * ROUNDS + SLACK);
    let added = more - fewer;
    ensure!(
        (least..=most).contains(&added),
        "{ROUNDS} rounds more made {added} system calls more, expected {}",
        each * ROUNDS
    );
    Ok(())
}

fn calls(layout: &Layout, binary: &Path, kind: &str, rounds: u64) -> Result<u64> {
    let ended = programs::run(layout, MACHINE, binary, &[kind, &rounds.to_string()])?;
    ensure!(ended.code == 0, "{}", ended.stderr);
    let last = ended.stderr.lines().last().context("no counts were printed")?;
    let number = last.split_whitespace().next().and_then(|text| text.parse().ok());
    number.with_context(|| format!("the last line is no count: {last}"))
}
