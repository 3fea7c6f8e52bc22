//! Programs on `plan9-abi` alone that print how the kernel behaves (`tests/conformance`), against what a real 9front
//! printed: `golden/NAME.txt`, and `golden/NAME.nosplice.txt` of a kernel that does not splice. `golden/NAME.ndb`, where it
//! is, is what that machine's database of network names held, `golden/NAME.flags` holds flags for plan9-run: what else it
//! had.
//!
//! The programs wait far more than they compute, so a few run at a time; the two machines of one program take turns,
//! for they write to the same files. On another machine than plan9-run they run one after another, for they share its
//! ports, and against the text of its kind. `golden/NAME.needs` holds what that machine must be like, such as
//! `gateway false`, and `golden/NAME.varies` the starts of lines that are not compared there, each behind such a fact, or
//! behind `elsewhere`. `golden/NAME.here` says why a program can run in plan9-run only.

use super::{Report, facts, programs};
use crate::layout::Layout;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Programs that run at a time.
const AT_A_TIME: usize = 4;
/// It measures how late calls are.
const ALONE: &str = "timer";
/// Behind the name of a program: on a kernel that does not splice.
const NO_SPLICE: &str = ".nosplice";

/// It stops all TCP of a kernel that splices, which has to be started again.
const STOPS_TCP: &str = "splicehang";

/// A program, and the texts that it must print, each by the name that is reported.
type Program = (String, Vec<(String, PathBuf)>);

/// Runs the suite.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    let folder = layout.root.join("tests/conformance");
    let built = programs::build(layout, "tests/conformance", "conformance", &[])?;
    let (alone, all): (Vec<_>, Vec<_>) =
        all(&folder, part)?.into_iter().partition(|(name, _)| ALONE == name);
    for (name, texts) in &alone {
        if !layout.machine.is_embedded() {
            there(layout, &folder, &built, name, texts, report)?;
            continue;
        }
        for (stem, golden) in texts {
            let result = one(layout, &folder, &built, name, stem, golden);
            report.record(&format!("conformance/{stem}"), result);
        }
    }
    if !layout.machine.is_embedded() {
        for (name, texts) in &all {
            there(layout, &folder, &built, name, texts, report)?;
        }
        return Ok(());
    }
    let next = AtomicUsize::new(0);
    let (ended, results): (Vec<_>, Vec<_>) = all.iter().map(|_| mpsc::channel()).unzip();
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            let ended = ended.clone();
            scope.spawn(|| {
                let ended = ended;
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some((name, texts)) = all.get(place) else { return };
                    for (stem, golden) in texts {
                        let result = one(layout, &folder, &built, name, stem, golden);
                        let _ = ended[place].send((stem, result));
                    }
                }
            });
        }
        drop(ended);
        for ((_, texts), results) in all.iter().zip(&results) {
            for (stem, result) in results.iter().take(texts.len()) {
                report.record(&format!("conformance/{stem}"), result);
            }
        }
    });
    Ok(())
}

/// The programs of which there is a text with `part` in its name.
fn all(folder: &Path, part: &str) -> Result<Vec<Program>> {
    let texts = programs::files(&folder.join("golden"), "txt")?;
    let mut all: Vec<Program> = Vec::new();
    for golden in texts {
        let stem = golden.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !stem.contains(part) {
            continue;
        }
        let name = stem.strip_suffix(NO_SPLICE).unwrap_or(&stem).to_string();
        match all.iter_mut().find(|(other, _)| *other == name) {
            Some((_, texts)) => texts.push((stem, golden)),
            None => all.push((name, vec![(stem, golden)])),
        }
    }
    Ok(all)
}

/// One program on another machine, against the text of that machine's kind.
fn there(
    layout: &Layout,
    folder: &Path,
    built: &Path,
    name: &str,
    texts: &[(String, PathBuf)],
    report: &mut Report,
) -> Result<()> {
    let beside = |extension: &str| {
        let file = folder.join("golden").join(format!("{name}.{extension}"));
        fs::read_to_string(file).unwrap_or_default()
    };
    let splices = facts::splices(layout)?;
    let unspliced = texts.iter().find(|(stem, _)| stem.ends_with(NO_SPLICE));
    let spliced = texts.iter().find(|(stem, _)| !stem.ends_with(NO_SPLICE));
    // Where a kernel that does not splice has no text of its own, both print the same.
    let Some((stem, golden)) = (if splices { spliced } else { unspliced.or(spliced) }) else {
        for (stem, _) in texts {
            report.skip(&format!("conformance/{stem}"), "this machine's TCP is spliced");
        }
        return Ok(());
    };
    let title = format!("conformance/{stem}");
    if splices && name == STOPS_TCP {
        report.skip(&title, "it stops all TCP of the machine, which has to be started again");
        return Ok(());
    }
    let here = beside("here");
    if !here.is_empty() {
        report.skip(&title, here.trim());
        return Ok(());
    }
    for need in beside("needs").lines() {
        if !holds(layout, need)? {
            report.skip(&title, &format!("it needs a machine with: {need}"));
            return Ok(());
        }
    }
    let mut varying = Vec::new();
    let varies = beside("varies");
    for line in varies.lines() {
        let (fact, start) = line.split_once(": ").context("a line that varies names no fact")?;
        if fact == "elsewhere" || holds(layout, fact)? {
            varying.push(start);
        }
    }
    let compared = |text: &str| -> String {
        let lines = text.split_inclusive('\n');
        lines.filter(|line| !varying.iter().any(|start| line.starts_with(start))).collect()
    };
    let flags = beside("flags");
    let flags: Vec<&str> = flags.split_whitespace().collect();
    let flags = programs::flags_for(layout, &flags);
    let result = programs::run(layout, &flags, &built.join("debug").join(name), &[]);
    let result = result.and_then(|ended| {
        let expected = compared(&fs::read_to_string(golden)?);
        programs::same("standard output", &expected, &compared(&ended.stdout))
    });
    report.record(&title, result);
    Ok(())
}

/// Whether a fact, such as `gateway false`, is one of the machine.
fn holds(layout: &Layout, fact: &str) -> Result<bool> {
    let (name, value) = fact.split_once(' ').context("a fact is a name and a value")?;
    Ok(facts::fact(layout, name)? == value)
}

/// One program on one machine.
fn one(
    layout: &Layout,
    folder: &Path,
    built: &Path,
    name: &str,
    stem: &str,
    golden: &Path,
) -> Result<()> {
    let mut flags = Vec::new();
    if stem.ends_with(NO_SPLICE) {
        flags.push("--no-splice");
    }
    let ndb = folder.join("golden").join(format!("{name}.ndb"));
    let ndb = ndb.to_str().filter(|_| ndb.exists());
    if let Some(ndb) = ndb {
        flags.extend(["--ndb", ndb]);
    }
    let more = fs::read_to_string(folder.join("golden").join(format!("{name}.flags")));
    let more = more.unwrap_or_default();
    flags.extend(more.split_whitespace());
    let ended = programs::run(layout, &flags, &built.join("debug").join(name), &[])?;
    programs::same("standard output", &fs::read_to_string(golden)?, &ended.stdout)
}
