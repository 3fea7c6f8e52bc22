//! Programs with crates of crates.io (`tests/crates`), proc macros, build scripts and C among them, built by a stock cargo
//! with nothing but the toolchain directory.
//!
//! `src/bin/NAME.rs` must print `NAME.stdout`. `checksum` has a part in C, which the crate `cc` builds.

use super::{Report, programs};
use crate::layout::{Layout, TRIPLE};
use crate::verbs::plan9_cargo;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};

const FOLDER: &str = "tests/crates";
/// As the files of the machine are those of the host, a program's own must not be seen.
const MACHINE: &[&str] = &["--ramfs", "/tmp"];

/// Runs the suite.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    let folder = layout.root.join(FOLDER);
    let mut all = Vec::new();
    for source in programs::files(&folder.join("src/bin"), "rs")? {
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        all.push(("crates", name, source));
    }
    all.push(("checksum", "checksum".to_owned(), folder.join("checksum/src/main.rs")));
    for (package, name, source) in all.iter().filter(|(_, name, _)| name.contains(part)) {
        report.record(&format!("crates/{name}"), test(layout, package, name, source));
    }
    Ok(())
}

fn test(layout: &Layout, package: &str, name: &str, source: &Path) -> Result<()> {
    let program = build(layout, package, name)?;
    let ended = programs::run(layout, MACHINE, &program, &["one", "two words"])?;
    ensure!(ended.code == 0, "{}", ended.stderr);
    let place = source.with_extension("stdout");
    let expected = fs::read_to_string(&place)
        .with_context(|| format!("{} cannot be read", place.display()))?;
    programs::same("standard output", &expected, &ended.stdout)
}

fn build(layout: &Layout, package: &str, name: &str) -> Result<PathBuf> {
    let target = layout.build.join("test/crates");
    let mut cargo = plan9_cargo(layout, &[])?;
    cargo.args(["build", "--quiet", "--locked", "--target", TRIPLE, "--package", package]);
    cargo.args(["--bin", name, "--manifest-path"]).arg(layout.root.join(FOLDER).join("Cargo.toml"));
    let output = cargo
        .arg("--target-dir")
        .arg(&target)
        .output()
        .context("the toolchain's cargo cannot be started; run `x doctor`")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(target.join(TRIPLE).join("debug").join(name))
}
