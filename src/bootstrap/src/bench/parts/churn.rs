//! Connections that live shortly: what one costs, beside what it costs a program in C.

use super::{classes, quantiles};
use crate::bench::Bench;
use crate::bench::plot::{Legend, curves};
use crate::bench::programs::{Program, arguments};
use crate::bench::section::{Section, Table};
use anyhow::Result;

const KINDS: [&str; 2] = ["caller-first", "answerer-first"];

/// What a C program makes for the same with 9front's libc (`announce`, `listen`, `accept`, `dial`, `read`, `write`,
/// `close`): counted by `plan9-run --stats` of one that 9front's own compiler made.
const CALLS_IN_C: u64 = 22;

/// Runs the part.
pub fn run(bench: &Bench) -> Result<Section> {
    // Each leaves an end in Time_wait where the kernel does not splice, and there are 1,024: so few are made.
    let (blocks, connections) = (bench.amount(10, 2), bench.amount(40, 10));
    // With more, the machine holds acknowledgements back now and then, and the caller looks again.
    const COUNTED: u64 = 15;
    let program = Program::rust(bench.layout, "churn")?;
    let mut section = Section::new(
        "Churn",
        "Connect, accept, a byte each way and both closes inside the machine, one thread; by who closes first.",
    );
    let mut table =
        Table::new(&["", "p50 µs", "p99 µs", "max µs", "calls a connection", "in C", "of which"]);
    bench.step.at("connecting");
    let samples = program.samples(&[], &arguments(&[blocks, connections], &KINDS))?;
    let mut drawn = Vec::new();
    for kind in KINDS {
        let fewer = program.calls(&[], &arguments(&[1, COUNTED], &[kind]))?.0;
        let more = program.calls(&[], &arguments(&[1, 2 * COUNTED], &[kind]))?.0;
        let calls = more.per_operation(&fewer, COUNTED);
        let found = samples.distribution(kind)?;
        let mut row = vec![kind.to_owned()];
        row.extend(quantiles(&found));
        row.extend([format!("{:.2}", calls.sum()), CALLS_IN_C.to_string(), calls.by_name()]);
        table.rows.push(row);
        drawn.push(classes(kind, &found));
    }
    section.plots.extend(curves(
        "Time of a connection",
        "µs",
        "share of connections",
        Legend::UpperRight,
        &drawn,
    )?);
    section.tables.push(table);
    Ok(section)
}
