//! How late a read timeout is, and a `recv_timeout`, beside what the kernel's bare waits are on the same machine.

use super::{cumulative, median, quantiles};
use crate::bench::Bench;
use crate::bench::plot::{Legend, curves};
use crate::bench::programs::{Program, arguments};
use crate::bench::section::{Section, Table};
use crate::bench::statistics::Samples;
use anyhow::{Result, ensure};

/// Timeouts in milliseconds, and how many of each in full and in a smoke run.
const TIMEOUTS: [(u64, u64, u64); 4] = [(1, 1000, 50), (10, 300, 20), (50, 100, 5), (1000, 10, 1)];

/// The other waits: their kinds, which of them are the kernel's, and times and numbers as above.
const KINDS: [&str; 3] = ["sleep", "tsemacquire", "recv_timeout"];
const WAITS: [(u64, u64, u64); 3] = [(1, 300, 20), (10, 100, 10), (50, 50, 3)];

/// The arguments of both languages' programs, and the labels of their samples.
pub fn plan(bench: &Bench) -> (Vec<String>, Vec<String>) {
    let labels = TIMEOUTS.iter().map(|(ms, ..)| format!("{ms}ms"));
    (pairs(bench, &TIMEOUTS), labels.collect())
}

/// Times and numbers as a program takes them.
fn pairs(bench: &Bench, waits: &[(u64, u64, u64)]) -> Vec<String> {
    let pairs = waits.iter().flat_map(|&(ms, full, quick)| [ms, bench.amount(full, quick)]);
    arguments(&pairs.collect::<Vec<_>>(), &[])
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
    section.plots.extend(curves(
        "Lateness",
        "µs",
        "share of reads no later",
        Legend::LowerRight,
        &drawn,
    )?);
    section.tables.push(table);
    section.tables.push(beside(bench, &samples)?);
    Ok(section)
}

/// Medians of reads and of `recv_timeout` beside those of the kernel's bare waits. A bare wait may be early: the kernel
/// counts ticks.
fn beside(bench: &Bench, reads: &Samples) -> Result<Table> {
    let program = Program::rust(bench.layout, "waits")?;
    bench.step.at("waiting for bare waits");
    let waits = program.samples(&[], &pairs(bench, &WAITS))?;
    let mut head = vec!["late by, p50 µs", "read"];
    head.extend(KINDS);
    let mut table = Table::new(&head);
    for (ms, ..) in WAITS {
        let mut row = vec![format!("{ms}ms"), median(&reads.distribution(&format!("{ms}ms"))?)];
        for kind in KINDS {
            let label = format!("{kind}-{ms}ms");
            let found = waits.distribution(&label)?;
            ensure!(kind != "recv_timeout" || found.early == 0, "{label} came back early");
            row.push(median(&found));
        }
        table.rows.push(row);
    }
    Ok(table)
}
