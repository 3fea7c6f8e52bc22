//! System calls per operation (`tests/counts`): a timed read or write that need not wait makes one, as an untimed one
//! does, and setting a timeout makes none.

use super::{Report, programs};
use crate::layout::Layout;
use crate::verbs::run::compile;
use anyhow::{Context, Result, ensure};
use std::path::Path;

/// A write and a read.
const CALLS_A_ROUND: u64 = 2;
const ROUNDS: u64 = 1000;

/// Runs the suite.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    let binary = layout.build.join("test/counts/rounds");
    compile(layout, &layout.root.join("tests/counts/rounds.rs"), &binary, &["-O"])?;
    for kind in ["untimed", "timed"] {
        if kind.contains(part) {
            report.record(&format!("counts/{kind}"), test(layout, &binary, kind));
        }
    }
    Ok(())
}

/// Twice as many rounds make that many more calls, and no other.
fn test(layout: &Layout, binary: &Path, kind: &str) -> Result<()> {
    let more = calls(layout, binary, kind, 2 * ROUNDS)?;
    let fewer = calls(layout, binary, kind, ROUNDS)?;
    // The deadline thread may look once more or less before it falls asleep.
    const SLACK: u64 = 4;
    let (least, most) = (CALLS_A_ROUND * ROUNDS - SLACK, CALLS_A_ROUND * ROUNDS + SLACK);
    let added = more - fewer;
    ensure!(
        (least..=most).contains(&added),
        "{ROUNDS} rounds more made {added} system calls more, expected {}",
        CALLS_A_ROUND * ROUNDS
    );
    Ok(())
}

fn calls(layout: &Layout, binary: &Path, kind: &str, rounds: u64) -> Result<u64> {
    let ended = programs::run(layout, &["--stats"], binary, &[kind, &rounds.to_string()])?;
    ensure!(ended.code == 0, "{}", ended.stderr);
    let last = ended.stderr.lines().last().context("no counts were printed")?;
    let number = last.split_whitespace().next().and_then(|text| text.parse().ok());
    number.with_context(|| format!("the last line is no count: {last}"))
}
