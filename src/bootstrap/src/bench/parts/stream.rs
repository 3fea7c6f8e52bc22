//! Data that flows: 64 KiB after 64 KiB, with timeouts and without.

use super::{classes, quantiles};
use crate::bench::Bench;
use crate::bench::plot::{Legend, curves};
use crate::bench::programs::{Program, arguments};
use crate::bench::section::{Section, Table};
use anyhow::Result;

const KINDS: [&str; 2] = ["untimed", "timed"];
/// What a burst of the program carries, in MiB.
const MIB: f64 = 1.0;

/// Runs the part.
pub fn run(bench: &Bench) -> Result<Section> {
    let program = Program::rust(bench.layout, "stream")?;
    let (blocks, bursts) = (bench.amount(40, 3), bench.amount(10, 3));
    let mut section = Section::new(
        "Streaming",
        "A burst is sixteen writes of 64 KiB, read as they come, and one byte back. Both sides count the bytes.",
    );
    let mut table =
        Table::new(&["", "p50 µs", "p99 µs", "max µs", "MiB/s", "to untimed", "calls a burst"]);
    for (way, flags) in bench.ways()? {
        bench.step.at(way);
        let args = arguments(&[blocks, bursts], &KINDS);
        let samples = program.samples(flags, &args)?;
        let mut drawn = Vec::new();
        for kind in KINDS {
            let counted = bench.amount(100, 10);
            let fewer = program.calls(flags, &arguments(&[1, counted], &[kind]))?.0;
            let more = program.calls(flags, &arguments(&[1, 2 * counted], &[kind]))?.0;
            let found = samples.distribution(kind)?;
            let mut row = vec![format!("{kind}, {way}")];
            row.extend(quantiles(&found));
            row.push(format!("{:.0}", MIB * 1e9 / found.quantile(0.5) as f64));
            row.push(match kind {
                "untimed" => "1".into(),
                _ => samples.ratio(kind, "untimed")?.to_string(),
            });
            row.push(format!("{:.2}", more.per_operation(&fewer, counted).sum()));
            table.rows.push(row);
            drawn.push(classes(kind, &found));
        }
        let title = format!("Time of a burst, {way}");
        section.plots.extend(curves(&title, "µs", "share of bursts", Legend::UpperRight, &drawn)?);
    }
    section.tables.push(table);
    Ok(section)
}
