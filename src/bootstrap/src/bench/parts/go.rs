//! The same in Go, whose runtime has had deadlines on Plan 9 for years: the yardstick.
//!
//! A note of Go's that comes late ends Go's program, and it may hang. That is a result here and not a failure of ours:
//! what was measured until then is in the tables.

use super::{cumulative, lateness, quantiles};
use crate::bench::Bench;
use crate::bench::plot::{Curve, Legend, curves};
use crate::bench::programs::{Program, arguments, last_words};
use crate::bench::section::{Section, Table};
use crate::bench::statistics::{Ratio, Samples};
use crate::suites::go;
use anyhow::{Context, Result};

const KINDS: [&str; 2] = ["untimed", "each-round"];

/// One language's programs and what they measured.
struct Side<'a> {
    name: String,
    pingpong: Program<'a>,
    lateness: Program<'a>,
    rounds: Samples,
    late: Samples,
    /// Runs that did not come to their end, and why.
    ends: Vec<String>,
}

/// Runs the part.
pub fn run(bench: &Bench) -> Result<Section> {
    let mut section = Section::new(
        "Go beside it",
        "The same programs in Go for plan9/amd64; its programs and ours take turns. each-round: a deadline is set \
         before each round, as Go's programs do. Go reads the clock by a system call.",
    );
    let compilers = go::compilers();
    if compilers.is_empty() {
        section.remarks.push(format!("Skipped: {}.", go::why_none()));
        return Ok(section);
    }
    let mut sides = vec![Side::new(
        "ours".into(),
        Program::rust(bench.layout, "pingpong")?,
        Program::rust(bench.layout, "lateness")?,
    )];
    for compiler in compilers {
        let version = go::version(&compiler)?;
        bench.step.at(format!("building with {version}"));
        let program = |name| Program::go(bench.layout, &compiler, &version, name);
        let (pingpong, late) = (program("pingpong")?, program("lateness")?);
        sides.push(Side::new(version, pingpong, late));
    }
    take_turns(bench, &mut sides)?;
    section.tables.extend([rounds(&sides)?, calls(bench, &mut sides)?, late(bench, &sides)?]);
    let (_, labels) = lateness::plan(bench);
    // The second shortest: long enough for the deadline to be waited for, and with many samples.
    let label = &labels[1];
    let drawn = sides.iter().filter_map(|side| {
        let found = side.late.distribution(label).ok()?;
        Some(cumulative(&side.name, &found))
    });
    let drawn: Vec<Curve> = drawn.collect();
    section.plots.extend(curves(
        &format!("Lateness of {label}"),
        "µs",
        "share of reads no later",
        Legend::LowerRight,
        &drawn,
    )?);
    for side in &sides {
        section.remarks.extend(side.ends.iter().map(|end| format!("{}: {end}.", side.name)));
    }
    if sides.iter().all(|side| side.ends.is_empty()) {
        section.remarks.push("Every program came to its end.".into());
    }
    Ok(section)
}

impl<'a> Side<'a> {
    fn new(name: String, pingpong: Program<'a>, lateness: Program<'a>) -> Self {
        let (rounds, late) = (Samples::default(), Samples::default());
        Self { name, pingpong, lateness, rounds, late, ends: Vec::new() }
    }

    fn is_ours(&self) -> bool {
        self.name == "ours"
    }
}

/// Ours must succeed; an end of Go's before its time is kept with what it had measured.
fn measure(program: &Program, args: &[String], ours: bool) -> Result<(Samples, Option<String>)> {
    if ours {
        return Ok((program.samples(&[], args)?, None));
    }
    let ended = program.run_to_any_end(&[], args)?;
    let samples = Samples::parse(&ended.stdout).context("Go's program is broken")?;
    let early = (ended.code != 0).then(|| {
        let count = ended.stdout.lines().count();
        format!("{} ended after {count} samples: {}", args.join(" "), last_words(&ended))
    });
    Ok((samples, early))
}

fn take_turns(bench: &Bench, sides: &mut [Side]) -> Result<()> {
    let turns = bench.amount(10, 2);
    let (blocks, rounds) = (bench.amount(4, 1), bench.amount(200, 50));
    let args = arguments(&[blocks, rounds], &KINDS);
    for turn in 1..=turns {
        for side in &mut *sides {
            bench.step.at(format!("turn {turn} of {turns}: {}", side.name));
            let (samples, end) = measure(&side.pingpong, &args, side.is_ours())?;
            side.rounds.append(samples);
            side.ends.extend(end.map(|end| format!("pingpong {end}")));
        }
    }
    let (args, _) = lateness::plan(bench);
    for side in sides {
        bench.step.at(format!("lateness: {}", side.name));
        let (samples, end) = measure(&side.lateness, &args, side.is_ours())?;
        side.late = samples;
        side.ends.extend(end.map(|end| format!("lateness {end}")));
    }
    Ok(())
}

fn rounds(sides: &[Side]) -> Result<Table> {
    let mut table = Table::new(&[
        "ping-pong",
        "rounds",
        "p50 µs",
        "p99 µs",
        "max µs",
        "to its own untimed",
        "to ours",
    ]);
    for side in sides {
        for kind in KINDS {
            let mut row =
                vec![format!("{kind}, {}", side.name), side.rounds.count(kind).to_string()];
            let Ok(found) = side.rounds.distribution(kind) else {
                table.rows.push(row);
                continue;
            };
            row.extend(quantiles(&found));
            let ratio = |ratio: Result<Ratio>| ratio.map_or("-".into(), |ratio| ratio.to_string());
            row.push(ratio(side.rounds.ratio(kind, KINDS[0])));
            row.push(ratio(Ratio::of(side.rounds.medians(kind), sides[0].rounds.medians(kind))));
            table.rows.push(row);
        }
    }
    Ok(table)
}

fn calls(bench: &Bench, sides: &mut [Side]) -> Result<Table> {
    let counted = bench.amount(1000, 100);
    let mut table = Table::new(&["system calls", "a round", "of which"]);
    for side in sides {
        for kind in KINDS {
            bench.step.at(format!("system calls: {}", side.name));
            let run = |rounds: u64| side.pingpong.calls(&[], &arguments(&[1, rounds], &[kind]));
            let both = run(counted).and_then(|fewer| Ok((fewer.0, run(2 * counted)?.0)));
            let row = match both {
                Ok((fewer, more)) => {
                    let calls = more.per_operation(&fewer, counted);
                    [format!("{:.2}", calls.sum()), calls.by_name()]
                }
                Err(why) if !side.is_ours() => {
                    side.ends.push(format!("{why:#}"));
                    ["-".into(), "-".into()]
                }
                Err(why) => return Err(why),
            };
            table.rows.push([&[format!("{kind}, {}", side.name)][..], &row].concat());
        }
    }
    Ok(table)
}

fn late(bench: &Bench, sides: &[Side]) -> Result<Table> {
    let mut table = Table::new(&["lateness", "reads", "early", "p50 µs", "p99 µs", "max µs"]);
    let (_, labels) = lateness::plan(bench);
    for label in &labels {
        for side in sides {
            let mut row =
                vec![format!("{label}, {}", side.name), side.late.count(label).to_string()];
            if let Ok(found) = side.late.distribution(label) {
                anyhow::ensure!(
                    found.early == 0 || !side.is_ours(),
                    "{} reads were early",
                    found.early
                );
                row.push(found.early.to_string());
                row.extend(quantiles(&found));
            }
            table.rows.push(row);
        }
    }
    Ok(table)
}
