//! What is left of a deadline that never comes: the clock and two atomic words.

use crate::bench::Bench;
use crate::bench::programs::{Program, arguments};
use crate::bench::section::{Section, Table};
use anyhow::Result;

/// In a sample: enough to see parts of a nanosecond.
pub const OPERATIONS: u64 = 1000;

const LABELS: [(&str, &str); 3] =
    [("clock", "Instant::now"), ("slot", "arm and disarm"), ("armed", "clock, arm, fence, disarm")];

/// Runs the part.
pub fn run(bench: &Bench) -> Result<Section> {
    let program = Program::rust(bench.layout, "arm")?;
    let count = bench.amount(500, 50);
    let counted = |samples: u64| program.calls(&[], &arguments(&[samples, OPERATIONS], &[]));
    bench.step.at("arm and disarm");
    let ((fewer, _), (more, samples)) = (counted(count)?, counted(2 * count)?);
    let mut section = Section::new(
        "Arming",
        "The file of std's deadline slot, alone in a program, with the clock. Goal: under 100 ns for clock, arm and \
         disarm, without a system call.",
    );
    let mut table = Table::new(&["", "p50 ns", "p99 ns"]);
    for (label, what) in LABELS {
        let found = samples.distribution(label)?;
        let each = |quantile| format!("{:.1}", found.quantile(quantile) as f64 / OPERATIONS as f64);
        table.rows.push(vec![what.into(), each(0.5), each(0.99)]);
    }
    section.tables.push(table);
    // All labels of the program, of which these are some.
    let operations = count * OPERATIONS * LABELS.len() as u64;
    let calls = more.per_operation(&fewer, operations);
    section.remarks.push(format!(
        "{operations} operations more made {:.0} system calls more, what prints the samples included.",
        calls.sum() * operations as f64
    ));
    Ok(section)
}
