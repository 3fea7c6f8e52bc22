//! Many threads with a deadline each: one deadline thread looks at all their slots.

use super::arm::OPERATIONS;
use super::{cumulative, quantiles};
use crate::bench::Bench;
use crate::bench::plot::{Curve, Legend, curves};
use crate::bench::programs::{Program, arguments};
use crate::bench::section::{Section, Table};
use anyhow::{Result, ensure};

const COUNTS: [u64; 3] = [1, 100, 1000];
/// The deadline thread looks at every slot once to post and once more before it sleeps.
const LOOKS: f64 = 2.0;

/// Runs the part.
pub fn run(bench: &Bench) -> Result<Section> {
    let program = Program::rust(bench.layout, "threads")?;
    bench.step.at("the look at the slots");
    let scan = Program::rust(bench.layout, "arm")?
        .samples(&[], &arguments(&[bench.amount(100, 10), OPERATIONS], &[]))?;
    let mut section = Section::new(
        "Threads",
        "Each thread blocks in reads with a timeout of its own, in milliseconds from their number to twice that, so \
         that deadlines pass at one rate. The look is measured alone: std's slots in blocks of memory as std's.",
    );
    let mut late = Table::new(&["threads", "expiries", "early", "p50 µs", "p99 µs", "max µs"]);
    let mut cost = Table::new(&[
        "threads",
        "calls an expiry",
        "of which",
        "yields an expiry",
        "wakes of the deadline thread",
        "one look µs",
        "looks an expiry µs",
    ]);
    let (mut lateness, mut looks, mut medians, mut calls_made) = (vec![], vec![], vec![], vec![]);
    let most = bench.amount(1000, 100);
    for threads in COUNTS.into_iter().filter(|&threads| threads <= most) {
        bench.step.at(format!("{threads} threads"));
        let expiries = bench.amount(3000, threads.max(50));
        let rounds = (expiries / threads).max(1);
        let run = |rounds: u64| program.calls(&[], &arguments(&[threads, rounds], &[]));
        let ((fewer, _), (more, samples)) = (run(rounds)?, run(2 * rounds)?);
        let found = samples.distribution("late")?;
        ensure!(found.early == 0, "{} of {threads} threads' reads came back early", found.early);
        let measured = found.count();
        let expected = 2 * rounds * threads;
        ensure!(measured == expected, "{measured} of {expected} reads were measured");
        let mut row = vec![threads.to_string(), measured.to_string(), found.early.to_string()];
        row.extend(quantiles(&found));
        late.rows.push(row);

        let calls = more.per_operation(&fewer, rounds * threads);
        let look = scan.distribution(&format!("scan-{threads}"))?.quantile(0.5) as f64;
        let look = look / OPERATIONS as f64 / 1000.0;
        let wakes = calls.of("tsemacquire") + calls.of("semacquire");
        cost.rows.push(vec![
            threads.to_string(),
            format!("{:.2}", calls.sum()),
            calls.by_name(),
            format!("{:.2}", more.yields() / expected as f64),
            format!("{wakes:.2}"),
            format!("{look:.3}"),
            format!("{:.3}", look * LOOKS * wakes),
        ]);
        lateness.push(cumulative(&format!("{threads} threads"), &found));
        looks.push((threads as f64, look * LOOKS * wakes));
        medians.push((threads as f64, found.quantile(0.5) as f64 / 1000.0));
        calls_made.push((threads as f64, calls.sum()));
    }
    section.tables.extend([late, cost]);
    if let ([(_, calls), .., (_, more_calls)], [(_, look), .., (threads, more_look)]) =
        (&calls_made[..], &looks[..])
    {
        section.remarks.push(format!(
            "From one thread to {threads} an expiry's system calls go from {calls:.2} to {more_calls:.2}, and its \
             looks at the slots from {look:.3} to {more_look:.3} µs. Yields are waits for a proc that the host has not \
             let run, and depend on its load."
        ));
    }
    section.plots.extend(curves(
        "Lateness",
        "µs",
        "share of reads no later",
        Legend::LowerRight,
        &lateness,
    )?);
    let calls_made = [Curve { name: "system calls".into(), points: calls_made }];
    section.plots.extend(curves(
        "System calls an expiry",
        "threads",
        "calls",
        Legend::LowerRight,
        &calls_made,
    )?);
    let times = [
        Curve { name: "median lateness".into(), points: medians },
        Curve { name: "looks at the slots".into(), points: looks },
    ];
    section.plots.extend(curves("Time an expiry", "threads", "µs", Legend::UpperLeft, &times)?);
    section.remarks.push(memory(bench, &program, most)?);
    Ok(section)
}

/// What a thread adds to the pages that the program has, when all wait.
fn memory(bench: &Bench, program: &Program, most: u64) -> Result<String> {
    bench.step.at("memory");
    let bytes = |threads: u64| -> Result<u64> {
        let samples = program.samples(&[], &arguments(&[threads, 1], &[]))?;
        Ok(samples.distribution("memory")?.quantile(0.5))
    };
    let more = bytes(most)?.saturating_sub(bytes(1)?) as f64;
    Ok(format!(
        "Memory: {:.1} MiB more with {most} threads than with one, {:.1} KiB a thread, its conversation included. \
         Pages that are not touched take none.",
        more / f64::from(1 << 20),
        more / (most - 1) as f64 / 1024.0,
    ))
}
