//! Programs on `plan9-abi` alone that print how the kernel behaves (`tests/conformance`), against what a real 9front
//! printed: `golden/NAME.txt`, and `golden/NAME.nosplice.txt` of a kernel that does not splice. `golden/NAME.ndb`, where it
//! is, is what that machine's database of network names held, `golden/NAME.flags` holds flags for plan9-run: what else it
//! had. Where no real kernel has been asked yet, `reading/` holds what its source says.

use super::{Report, programs};
use crate::layout::Layout;
use anyhow::Result;
use std::fs;
use std::path::Path;

/// Runs the suite.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    let folder = layout.root.join("tests/conformance");
    let built = programs::build(layout, "tests/conformance", "conformance", &[])?;
    let mut texts = programs::files(&folder.join("golden"), "txt")?;
    texts.extend(programs::files(&folder.join("reading"), "txt")?);
    for golden in texts {
        let stem = golden.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !stem.contains(part) {
            continue;
        }
        let (name, mut flags) = match stem.strip_suffix(".nosplice") {
            Some(name) => (name, vec!["--no-splice"]),
            None => (stem.as_str(), Vec::new()),
        };
        let ndb = folder.join("golden").join(format!("{name}.ndb"));
        let ndb = ndb.to_str().filter(|_| ndb.exists());
        if let Some(ndb) = ndb {
            flags.extend(["--ndb", ndb]);
        }
        let more = fs::read_to_string(folder.join("golden").join(format!("{name}.flags")));
        let more = more.unwrap_or_default();
        flags.extend(more.split_whitespace());
        let binary = built.join("debug").join(name);
        report.record(&format!("conformance/{stem}"), one(layout, &binary, &flags, &golden));
    }
    Ok(())
}

fn one(layout: &Layout, binary: &Path, flags: &[&str], golden: &Path) -> Result<()> {
    let ended = programs::run(layout, flags, binary, &[])?;
    programs::same("standard output", &fs::read_to_string(golden)?, &ended.stdout)
}
