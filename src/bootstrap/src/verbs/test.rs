//! `x test`: the short suites, all of them, or those that are named; here or on another machine.

use super::build;
use crate::layout::Layout;
use crate::machine;
use crate::suites::{self, Report, Suite};
use anyhow::{Result, bail};
use std::process::ExitCode;

/// Which tests.
#[derive(clap::Args)]
pub struct Args {
    /// Suites, or SUITE/PART of a test's name (a name that is none lists the suites); the short suites without any
    #[arg(value_name = "SUITE[/PART]")]
    pub suites: Vec<String>,
    /// The long suites too
    #[arg(long, conflicts_with = "suites")]
    pub all: bool,
    /// This long suite as well as the short ones; may be given again
    #[arg(long, value_name = "SUITE", conflicts_with_all = ["suites", "all"])]
    pub and: Vec<String>,
    #[command(flatten)]
    pub on: machine::Args,
}

/// A suite, and the part of its tests' names.
type Chosen<'a> = (&'static Suite, &'a str);

/// Runs the verb; fails if a test did.
pub fn run(layout: &Layout, args: &Args) -> Result<ExitCode> {
    let mut chosen = choose(&args.suites, args.all)?;
    chosen.extend(named(&args.and)?);
    if chosen.iter().any(|(suite, _)| suite.name != suites::HOST) {
        build::all(layout)?;
    }
    let layout = &layout.on(args.on.machine(|| layout.served())?);
    if args.suites.is_empty() && !layout.machine.is_embedded() {
        chosen.retain(|(suite, _)| suite.runs_programs);
    }
    if !layout.machine.is_embedded() && chosen.iter().any(|(suite, _)| suite.runs_programs) {
        // One that does not answer is one failure, not one for each test.
        println!("on {}", suites::described(layout)?);
    }
    let mut report = Report::default();
    for (suite, part) in &chosen {
        println!("-- {}", suite.name);
        (suite.run)(layout, part, &mut report)?;
    }
    let left_out: Vec<_> = suites::ALL
        .iter()
        .map(|suite| suite.name)
        .filter(|name| chosen.iter().all(|(suite, _)| suite.name != *name))
        .collect();
    if args.suites.is_empty() && !left_out.is_empty() {
        println!("left out: {}; `x test --all` runs every suite", left_out.join(", "));
    }
    for (place, names) in places(layout, &chosen)? {
        println!("on {place}: {}", names.join(", "));
    }
    println!("{} passed, {} failed, {} skipped", report.passed, report.failed, report.skipped);
    Ok(if report.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What ran where.
fn places(layout: &Layout, chosen: &[Chosen<'_>]) -> Result<Vec<(String, Vec<&'static str>)>> {
    let names = |programs: bool| -> Vec<&'static str> {
        let of_that_kind = chosen.iter().filter(|(suite, _)| suite.runs_programs == programs);
        of_that_kind.map(|(suite, _)| suite.name).collect()
    };
    let mut places = vec![("this host".to_owned(), names(false))];
    if !names(true).is_empty() {
        places.push((suites::described(layout)?, names(true)));
    }
    places.retain(|(_, names)| !names.is_empty());
    Ok(places)
}

/// The suites that are named, or the short ones, or all.
fn choose(names: &[String], all: bool) -> Result<Vec<Chosen<'_>>> {
    if !names.is_empty() {
        return named(names);
    }
    Ok(suites::ALL.iter().filter(|suite| all || !suite.long).map(|suite| (suite, "")).collect())
}

/// The suites of these names, each with its part.
fn named(names: &[String]) -> Result<Vec<Chosen<'_>>> {
    let find =
        |name: &String| name.split_once('/').map_or(name.as_str(), |(suite, _)| suite).to_owned();
    names
        .iter()
        .map(|name| {
            let wanted = find(name);
            let part = name[wanted.len()..].trim_start_matches('/');
            match suites::ALL.iter().find(|suite| suite.name == wanted) {
                Some(suite) => Ok((suite, part)),
                None => {
                    let names: Vec<_> = suites::ALL.iter().map(|suite| suite.name).collect();
                    bail!("there is no suite {wanted}; the suites are {}", names.join(", "))
                }
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str], all: bool) -> Result<Vec<(String, String)>> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let chosen = choose(&names, all)?;
        Ok(chosen.iter().map(|(suite, part)| (suite.name.into(), part.to_string())).collect())
    }

    #[test]
    fn long_suites_run_when_named_or_when_all_are_asked_for() {
        let has = |chosen: &[(String, String)], name: &str| chosen.iter().any(|(of, _)| of == name);
        let short = chosen(&[], false).unwrap();
        assert!(has(&short, "ui") && !has(&short, "coretests"));
        assert_eq!(chosen(&[], true).unwrap().len(), suites::ALL.len());
    }

    #[test]
    fn several_suites_run_in_their_order_each_with_its_part() {
        let chosen = chosen(&["std-udp", "coretests/num::a", "ui/"], false).unwrap();
        let pairs: Vec<_> = chosen.iter().map(|(name, part)| (&name[..], &part[..])).collect();
        assert_eq!(pairs, [("std-udp", ""), ("coretests", "num::a"), ("ui", "")]);
    }

    #[test]
    fn a_suite_that_is_none_is_an_error() {
        let error = chosen(&["ui", "cortests/x"], false).err().unwrap().to_string();
        assert!(error.contains("cortests;") && error.contains("coretests"), "{error}");
    }
}
