//! Programs on `plan9-abi` alone that print how the kernel behaves (`tests/conformance`), against what a real 9front
//! printed: `golden/NAME.txt`, and `golden/NAME.nosplice.txt` of a kernel that does not splice. `golden/NAME.ndb`, where it
//! is, is what that machine's database of network names held, `golden/NAME.flags` holds flags for plan9-run: what else it
//! had. Where no real kernel has been asked yet, `reading/` holds what its source says.
//!
//! The programs wait far more than they compute, so a few run at a time; the two machines of one program take turns,
//! for they write to the same files.

use super::{Report, programs};
use crate::layout::Layout;
use anyhow::Result;
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

/// A program, and the texts that it must print, each by the name that is reported.
type Program = (String, Vec<(String, PathBuf)>);

/// Runs the suite.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    let folder = layout.root.join("tests/conformance");
    let built = programs::build(layout, "tests/conformance", "conformance", &[])?;
    let (alone, all): (Vec<_>, Vec<_>) =
        all(&folder, part)?.into_iter().partition(|(name, _)| ALONE == name);
    for (name, texts) in &alone {
        for (stem, golden) in texts {
            let result = one(layout, &folder, &built, name, stem, golden);
            report.record(&format!("conformance/{stem}"), result);
        }
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
    let mut texts = programs::files(&folder.join("golden"), "txt")?;
    texts.extend(programs::files(&folder.join("reading"), "txt")?);
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
