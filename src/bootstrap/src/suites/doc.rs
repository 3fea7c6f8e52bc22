//! The examples in the documentation of `std` (with `std::os::plan9`), `alloc` and `core`, compiled and run by rustdoc
//! for Plan 9: what a reader of the documentation is told to write has to work here.
//!
//! They are built as std's own tests are: from the tree with whole manifests, against a std of that very build.
//!
//! rustdoc puts most examples of a crate into few programs and runs these by the machine, the examples of one side by side
//! in its one proc group; the others have programs of their own. Examples that fail for what Plan 9 is stand in
//! `tests/upstream-ignored.toml` by item, for an example's line moves with every hook above it. They run all the same: an
//! entry of which nothing fails any more is a failure.

use super::libtest::{self, Outcome, Outcomes};
use super::listed::List;
use super::names;
use super::{Report, upstream};
use crate::layout::Layout;
use crate::progress::Step;
use crate::{sysroot, verbs};
use anyhow::{Context, Result, anyhow, ensure};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// The same as for the crates themselves: rustdoc reads them as parts of std.
const RUSTDOCFLAGS: &str = "-Zforce-unstable-if-unmarked -Zunstable-options";

/// The examples of `std`, those of `std::os::plan9` among them.
pub fn std(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    run(layout, names::STD_DOC, "std", part, report)
}

/// The examples of `alloc`.
pub fn alloc(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    run(layout, names::ALLOC_DOC, "alloc", part, report)
}

/// The examples of `core`.
pub fn core(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    run(layout, names::CORE_DOC, "core", part, report)
}

fn run(
    layout: &Layout,
    suite: &'static str,
    package: &str,
    part: &str,
    report: &mut Report,
) -> Result<()> {
    let list = List::read(layout)?;
    let expected = list.ignored(suite)?;
    let cargo = command(layout, package, part)?;
    let step = Step::start(suite);
    let (examples, said, ended_well) = follow(layout, suite, cargo, &step)?;
    let (ended, failed) = (examples.endings.len(), examples.failed());
    step.done(&format!("{ended} of {} examples ended, {failed} failed", examples.announced));
    ensure!(ended > 0 || !part.is_empty(), "rustdoc ran no example:\n{said}");
    examples.count(suite, part, &expected, report);
    if ended < examples.announced || (!ended_well && failed == 0) {
        let why = anyhow!("{} examples did not end:\n{said}", examples.announced - ended);
        report.record(&format!("{suite}/{part}"), Err(why));
    }
    Ok(())
}

/// `cargo test --doc` of one of the library's crates.
fn command(layout: &Layout, package: &str, part: &str) -> Result<Command> {
    let rust = upstream::tree(layout)?;
    let own = upstream::OwnStd::build(layout, &rust)?;
    let mut cargo = sysroot::command(layout, &rust, &own.place());
    cargo.env("RUSTDOC", own.rustdoc()).env("RUSTDOCFLAGS", RUSTDOCFLAGS);
    upstream::commands(layout)?;
    let flags = layout.bind_commands();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    cargo.env(verbs::runner_variable(), verbs::runner(layout, &flags)?);
    layout.machine.tell(&mut cargo);
    cargo.args(["test", "--doc", "--no-fail-fast", "--manifest-path"]);
    cargo.arg(own.place().library.join(package).join("Cargo.toml"));
    sysroot::target(&mut cargo, layout);
    cargo.arg("--release").arg("--target-dir").arg(own.place().target_dir);
    if package == "std" {
        sysroot::features(&mut cargo);
    }
    cargo.args(["--", "--color=never"]);
    if !part.is_empty() {
        cargo.arg(part);
    }
    Ok(cargo)
}

/// What rustdoc has told of the examples.
#[derive(Default)]
struct Examples {
    outcomes: Outcomes,
    /// Examples that a macro writes have one name and one line, and each counts.
    endings: Vec<(String, Outcome)>,
    /// How many its programs said that they would run.
    announced: usize,
}

impl Examples {
    fn failed(&self) -> usize {
        self.endings.iter().filter(|(_, outcome)| *outcome == Outcome::Failed).count()
    }

    fn take(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        if let ["running", count, "test" | "tests"] = words[..] {
            self.announced += count.parse::<usize>().unwrap_or(0);
        }
        // What an example writes past libtest, without an end of line, stands before the next one's ending.
        let ending = line.rfind("test ").filter(|_| line.contains(" (line "));
        let line = &line[ending.unwrap_or(0)..];
        if self.outcomes.take(line).is_some()
            && let Some((name, outcome)) = libtest::ending(line)
        {
            self.endings.push((name.to_owned(), outcome));
        }
    }

    /// Counts each example. Those of `expected` items may fail, and one of an item's must.
    fn count(&self, suite: &str, part: &str, expected: &BTreeMap<&str, &str>, report: &mut Report) {
        let mut idle = expected.clone();
        let mut absent = expected.clone();
        for (name, outcome) in &self.endings {
            absent.remove(item(name));
            let title = format!(
                "{suite}/{}",
                name.split_once(" - ").map_or(name.as_str(), |(_, rest)| rest)
            );
            match (outcome, expected.get(item(name))) {
                (Outcome::Passed, _) => report.passed += 1,
                (Outcome::Ignored(_), _) => report.skip(&title, "ignored upstream"),
                (Outcome::Failed, Some(why)) => {
                    idle.remove(item(name));
                    report.skip(&title, why);
                }
                (Outcome::Failed, None) => {
                    let printed = self.outcomes.printed.get(name).map_or("", |text| text.trim());
                    report.record(&title, Err(anyhow!("{name}\n{printed}")));
                }
            }
        }
        for item in idle.keys() {
            let why = match absent.contains_key(item) {
                true if !part.is_empty() => continue,
                true => anyhow!("it has no example, and is listed; delete or mend the entry"),
                false => anyhow!("it is listed and does not fail; delete the entry"),
            };
            report.record(&format!("{suite}/{item}"), Err(why));
        }
    }
}

/// The item of an example, from `FILE - ITEM (line N)` and what may stand behind that.
fn item(name: &str) -> &str {
    let name = name.split_once(" - ").map_or(name, |(_, rest)| rest);
    name.split_once(" (line ").map_or(name, |(item, _)| item)
}

/// Runs cargo to its end, its output kept in a file; also gives what was said on standard error, and whether it ended
/// well.
fn follow(
    layout: &Layout,
    suite: &str,
    mut cargo: Command,
    step: &Step,
) -> Result<(Examples, String, bool)> {
    let folder = layout.build.join("test").join(suite);
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let (out, err) = (folder.join("stdout"), folder.join("stderr"));
    let mut log = File::create(&out)?;
    let mut child = cargo
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(&err)?)
        .spawn()
        .with_context(|| format!("{} cannot be started", cargo.get_program().display()))?;
    let stdout = child.stdout.take().context("cargo's output cannot be read")?;
    let mut examples = Examples::default();
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line?;
        log.write_all(&line)?;
        log.write_all(b"\n")?;
        examples.take(&String::from_utf8_lossy(&line));
        step.at(format!("{} of {}", examples.endings.len(), examples.announced));
    }
    let ended_well = child.wait()?.success();
    let said = String::from_utf8_lossy(&fs::read(err)?).into_owned();
    Ok((examples, said, ended_well))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(lines: &[&str], part: &str, expected: &[(&str, &str)]) -> (usize, usize, usize) {
        let mut examples = Examples::default();
        for line in lines {
            examples.take(line);
        }
        let mut report = Report::default();
        examples.count("s", part, &expected.iter().copied().collect(), &mut report);
        (report.passed, report.failed, report.skipped)
    }

    const RUN: [&str; 4] = [
        "running 3 tests",
        "test std/src/fs.rs - fs::hard_link (line 9) - compile ... ok",
        "test std/src/fs.rs - fs::File::open (line 3) ... FAILED",
        "printedtest std/src/fs.rs - fs (line 1) ... ignored",
    ];

    #[test]
    fn an_example_is_known_by_its_item() {
        assert_eq!(item("std/src/fs.rs - fs::File::open (line 3) - compile"), "fs::File::open");
        assert_eq!(item("std/src/os/plan9/mod.rs - os::plan9 (line 3)"), "os::plan9");
    }

    #[test]
    fn a_failure_counts_unless_its_item_is_listed() {
        assert_eq!(counted(&RUN, "", &[]), (1, 1, 1));
        assert_eq!(counted(&RUN, "", &[("fs::File::open", "w")]), (1, 0, 2));
        assert_eq!(counted(&RUN, "", &[("fs::File", "w"), ("fs::File::open", "w")]), (1, 1, 2));
    }

    #[test]
    fn examples_of_one_name_count_each() {
        let twice = ["test a.rs - m (line 1) ... FAILED", "test a.rs - m (line 1) ... ok"];
        assert_eq!(counted(&twice, "", &[]), (1, 1, 0));
    }

    #[test]
    fn a_listed_item_must_fail_where_it_ran() {
        let listed = [("fs::File::open", "w"), ("fs::hard_link", "w")];
        assert_eq!(counted(&RUN, "", &listed), (1, 1, 2));
        assert_eq!(counted(&RUN, "fs", &[("net", "w"), ("fs::File::open", "w")]), (1, 0, 2));
    }

    #[test]
    fn every_program_says_how_many_examples_it_has() {
        let mut examples = Examples::default();
        for line in ["running 3 tests", "running 1 test", "running late tests"] {
            examples.take(line);
        }
        assert_eq!(examples.announced, 4);
    }
}
