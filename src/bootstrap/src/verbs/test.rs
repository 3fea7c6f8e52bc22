//! `x test`: the short suites, all of them, or one that a filter names.

use super::build;
use crate::layout::Layout;
use crate::suites::{self, Report, Suite};
use anyhow::{Result, bail};
use std::process::ExitCode;

/// Which tests.
#[derive(clap::Args)]
pub struct Args {
    /// A suite, or SUITE/PART of a test's name (a name that is none lists the suites); the short suites without it
    pub filter: Option<String>,
    /// The long suites too
    #[arg(long, conflicts_with = "filter")]
    pub all: bool,
    /// This long suite as well as the short ones; may be given again
    #[arg(long, value_name = "SUITE", conflicts_with_all = ["filter", "all"])]
    pub and: Vec<String>,
}

/// Runs the verb; fails if a test did.
pub fn run(layout: &Layout, args: &Args) -> Result<ExitCode> {
    let (mut chosen, part) = choose(args.filter.as_deref(), args.all)?;
    for name in &args.and {
        chosen.extend(choose(Some(name), false)?.0);
    }
    if chosen.iter().any(|suite| suite.name != suites::HOST) {
        build::all(layout)?;
    }
    let mut report = Report::default();
    for suite in &chosen {
        println!("-- {}", suite.name);
        (suite.run)(layout, part, &mut report)?;
    }
    let left_out: Vec<_> = suites::ALL
        .iter()
        .map(|suite| suite.name)
        .filter(|name| chosen.iter().all(|suite| suite.name != *name))
        .collect();
    if args.filter.is_none() && !left_out.is_empty() {
        println!("left out: {}; `x test --all` runs every suite", left_out.join(", "));
    }
    println!("{} passed, {} failed, {} skipped", report.passed, report.failed, report.skipped);
    Ok(if report.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The suites that a filter names, or the short ones, or all; and the part of the tests' names.
fn choose(filter: Option<&str>, all: bool) -> Result<(Vec<&'static Suite>, &str)> {
    let Some(filter) = filter else {
        return Ok((suites::ALL.iter().filter(|suite| all || !suite.long).collect(), ""));
    };
    let (wanted, part) = filter.split_once('/').unwrap_or((filter, ""));
    let chosen: Vec<_> = suites::ALL.iter().filter(|suite| suite.name == wanted).collect();
    if chosen.is_empty() {
        let names: Vec<_> = suites::ALL.iter().map(|suite| suite.name).collect();
        bail!("there is no suite {wanted}; the suites are {}", names.join(", "));
    }
    Ok((chosen, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(filter: Option<&str>, all: bool) -> Vec<&'static str> {
        choose(filter, all).unwrap().0.iter().map(|suite| suite.name).collect()
    }

    #[test]
    fn long_suites_run_when_named_or_when_all_are_asked_for() {
        assert!(names(None, false).contains(&"ui") && !names(None, false).contains(&"coretests"));
        assert_eq!(names(None, true).len(), suites::ALL.len());
        assert_eq!(names(Some("coretests/num"), false), ["coretests"]);
        assert_eq!(choose(Some("coretests/num::a"), false).unwrap().1, "num::a");
    }

    #[test]
    fn a_suite_that_is_none_is_an_error() {
        let error = choose(Some("cortests"), false).err().unwrap().to_string();
        assert!(error.contains("cortests") && error.contains("coretests"), "{error}");
    }
}
