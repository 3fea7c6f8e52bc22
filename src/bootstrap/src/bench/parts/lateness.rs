//! How late a read timeout is.

use super::{cumulative, quantiles};
use crate::bench::Bench;
use crate::bench::plot::{Legend, curves};
use crate::bench::programs::{Program, arguments};
use crate::bench::section::{Section, Table};
use anyhow::{Result, ensure};

/// Timeouts in milliseconds, and how many of each in full and in a smoke run.
const TIMEOUTS: [(u64, u64, u64); 4] = [(1, 1000, 50), (10, 300, 20), (100, 50, 3), (1000, 10, 1)];

/// The arguments of both languages' programs, and the labels of their samples.
pub fn plan(bench: &Bench) -> (Vec<String>, Vec<String>) {
    let pairs = TIMEOUTS.iter().flat_map(|&(ms, full, quick)| [ms, bench.amount(full, quick)]);
    let labels = TIMEOUTS.iter().map(|(ms, ..)| format!("{ms}ms"));
    (arguments(&pairs.collect::<Vec<_>>(), &[]), labels.collect())
}

/// Runs the part.
pub fn run(bench: &Bench) -> Result<Section> {
    let program = Program::rust(bench.layout, "lateness")?;
    let (args, labels) = plan(bench);
    bench.step.at("waiting for timeouts");
    let samples = program.samples(&[], &args)?;
    let mut section = Section::new(
        "Lateness",
        "Reads that nobody answers: how long after its timeout such a read comes back. None may be early.",
    );
    let mut table = Table::new(&["timeout", "reads", "early", "p50 µs", "p99 µs", "max µs"]);
    let mut drawn = Vec::new();
    for label in &labels {
        let found = samples.distribution(label)?;
        ensure!(
            found.early == 0,
            "{} reads of {label} came back before their timeout",
            found.early
        );
        let mut row = vec![label.clone(), found.count().to_string(), found.early.to_string()];
        row.extend(quantiles(&found));
        table.rows.push(row);
        drawn.push(cumulative(label, &found));
    }
    section.plots.push(curves(
        "Lateness",
        "µs",
        "share of reads no later",
        Legend::LowerRight,
        &drawn,
    )?);
    section.tables.push(table);
    Ok(section)
}
