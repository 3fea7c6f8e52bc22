//! A program with proc macros and build scripts from crates.io (`tests/crates`), built by a stock cargo with nothing but
//! the toolchain directory's compiler.

use super::{Report, programs};
use crate::layout::{Layout, TRIPLE};
use crate::verbs::plan9_cargo;
use anyhow::{Context, Result, ensure};

const EXPECTED: &str = "{\"name\":\"gnot\",\"procs\":[1,2,3]}\ntrue\nSome(\"2\")\n";

/// Runs the suite.
pub fn run(layout: &Layout, _part: &str, report: &mut Report) -> Result<()> {
    report.record("crates/serde and regex", test(layout));
    Ok(())
}

fn test(layout: &Layout) -> Result<()> {
    let target = layout.build.join("test/crates");
    let mut cargo = plan9_cargo(layout, &[])?;
    let manifest = layout.root.join("tests/crates/Cargo.toml");
    cargo
        .args(["build", "--quiet", "--locked", "--target", TRIPLE, "--manifest-path"])
        .arg(manifest);
    let output = cargo
        .arg("--target-dir")
        .arg(&target)
        .output()
        .context("the toolchain's cargo cannot be started; run `x doctor`")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let ended = programs::run(layout, &[], &target.join(TRIPLE).join("debug/crates"), &[])?;
    ensure!(ended.code == 0, "{}", ended.stderr);
    programs::same("standard output", EXPECTED, &ended.stdout)
}
