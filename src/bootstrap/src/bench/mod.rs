//! Measurements: what a timeout costs, how late it is, and how both grow with the number of threads.
//!
//! The programs, `tests/bench`, run in the embedded machine, which counts their system calls, or on another, and print
//! samples; all statistics are made here. Each of
//! the [`parts`] gives a [`section`] of the report. Nothing asserts a time: hosts differ and are busy. A program that
//! fails, a byte too few and a deadline that came early are errors.

mod calls;
mod environment;
mod parts;
mod plot;
mod programs;
mod report;
mod section;
mod statistics;

use crate::layout::{Layout, shown};
use crate::progress::Step;
use crate::suites;
use anyhow::{Context, Result};
use section::Section;
use std::fs;

/// What a part has at hand.
pub struct Bench<'a> {
    pub layout: &'a Layout,
    pub quick: bool,
    pub step: Step,
}

impl Bench<'_> {
    /// The ways of TCP that can be had on the machine, each with its name and plan9-run's flags.
    pub fn ways(&self) -> Result<Vec<(&'static str, &'static [&'static str])>> {
        const SPLICED: &str = "spliced";
        const NOT: &str = "not spliced";
        if self.layout.machine.is_embedded() {
            return Ok(vec![(SPLICED, &[]), (NOT, &["--no-splice"])]);
        }
        let name = if suites::splices(self.layout)? { SPLICED } else { NOT };
        Ok(vec![(name, &[])])
    }

    /// How much to do: in full, or in a smoke run.
    pub fn amount(&self, full: u64, quick: u64) -> u64 {
        if self.quick { quick } else { full }
    }
}

/// Measures and makes a section.
type Part = fn(&Bench) -> Result<Section>;

const PARTS: [(&str, Part); 7] = [
    ("pingpong", parts::pingpong::run),
    ("stream", parts::stream::run),
    ("arm", parts::arm::run),
    ("lateness", parts::lateness::run),
    ("churn", parts::churn::run),
    ("threads", parts::threads::run),
    ("go", parts::go::run),
];

/// The parts' names.
pub fn names() -> [&'static str; PARTS.len()] {
    PARTS.map(|(name, _)| name)
}

/// Runs a part, or all; prints what they find and writes the page.
pub fn run(layout: &Layout, part: Option<&str>, quick: bool) -> Result<()> {
    let mut sections = Vec::new();
    for (name, run) in PARTS.into_iter().filter(|(name, _)| part.is_none_or(|part| part == *name)) {
        let bench = Bench { layout, quick, step: Step::start(name) };
        let mut section = run(&bench).with_context(|| format!("bench {name}"))?;
        if !layout.machine.is_embedded() {
            section.not_counted();
        }
        bench.step.done("measured");
        println!("{}", section.text());
        sections.push(section);
    }
    let page = report::page(&environment::describe(layout)?, quick, &sections);
    let place = layout.build.join("bench/report.html");
    fs::write(&place, page).with_context(|| format!("{} is not writable", place.display()))?;
    println!("report: {}", shown(&layout.root, &place));
    Ok(())
}
