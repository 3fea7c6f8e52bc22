//! A call that hardly waits: one byte there and back, with timeouts and without.

use super::{classes, quantiles};
use crate::bench::Bench;
use crate::bench::plot::{Legend, curves};
use crate::bench::programs::{Program, arguments};
use crate::bench::section::{Section, Table};
use anyhow::{Result, ensure};

const KINDS: [&str; 3] = ["untimed", "timed", "each-round"];

/// Runs the part.
pub fn run(bench: &Bench) -> Result<Section> {
    let program = Program::rust(bench.layout, "pingpong")?;
    let (blocks, rounds) = (bench.amount(60, 4), bench.amount(200, 50));
    let mut section = Section::new(
        "Ping-pong",
        "One byte there and back over TCP inside the machine, two threads. timed: both timeouts set at both ends; \
         each-round: set anew before each round. to untimed: the median of the ratios of neighbouring blocks' medians, \
         and their quartiles. Goal: within 2 % of untimed, and not one system call more.",
    );
    let mut table =
        Table::new(&["", "p50 µs", "p99 µs", "max µs", "to untimed", "calls a round", "of which"]);
    for (way, flags) in bench.ways()? {
        bench.step.at(way);
        let args = arguments(&[blocks, rounds], &KINDS);
        let samples = program.samples(flags, &args)?;
        let mut drawn = Vec::new();
        for kind in KINDS {
            let expected = (blocks * rounds) as usize;
            let count = samples.count(kind);
            ensure!(count == expected, "{count} rounds of {kind} were measured, not {expected}");
            bench.step.at(format!("{way}, system calls of {kind}"));
            let counted = bench.amount(1000, 200);
            let fewer = program.calls(flags, &arguments(&[1, counted], &[kind]))?.0;
            let more = program.calls(flags, &arguments(&[1, 2 * counted], &[kind]))?.0;
            let calls = more.per_operation(&fewer, counted);
            let found = samples.distribution(kind)?;
            let mut row = vec![format!("{kind}, {way}")];
            row.extend(quantiles(&found));
            row.push(match kind {
                "untimed" => "1".into(),
                _ => samples.ratio(kind, "untimed")?.to_string(),
            });
            row.extend([format!("{:.3}", calls.sum()), calls.by_name()]);
            table.rows.push(row);
            drawn.push(classes(kind, &found));
        }
        let title = format!("Time of a round, {way}");
        section.plots.extend(curves(&title, "µs", "share of rounds", Legend::UpperRight, &drawn)?);
    }
    section.tables.push(table);
    Ok(section)
}
