//! The host tools that a toolchain directory is made of, and that directory itself.
//!
//! `bin/rustc` and `bin/rustdoc` are the shim, which reads the real ones' places from `lib/plan9.toml` (written here).
//! A tool that is not in the tree is said to be missing before anything is laid out around it.

use crate::layout::{Layout, TRIPLE};
use crate::progress::Step;
use crate::toolchain::{self, Rust};
use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Packages and names of the tools, all under `src/tools/`.
pub const TOOLS: [&str; 3] = ["plan9-ld", "plan9-run", "rustc-shim"];

#[derive(Serialize)]
struct Record<'a> {
    rustc: &'a Path,
    rustdoc: &'a Path,
    cargo: &'a Path,
    sysroot_hash: &'a str,
}

/// The tools whose source is not in this tree.
pub fn missing(layout: &Layout) -> Vec<&'static str> {
    let there = |tool: &&str| layout.root.join("src/tools").join(tool).join("Cargo.toml").is_file();
    TOOLS.into_iter().filter(|tool| !there(tool)).collect()
}

/// Builds the tools with the user's cargo into `build/tools`.
pub fn build(layout: &Layout) -> Result<()> {
    let missing = missing(layout);
    ensure!(
        missing.is_empty(),
        "no toolchain directory can be made: src/tools/{{{}}} not in this tree; std's rlibs are as far as it goes",
        missing.join(",")
    );
    let step = Step::start("tools");
    let target = layout.build.join("host-target");
    let mut cargo = toolchain::user_cargo();
    cargo
        .current_dir(&layout.root)
        .args(["build", "--release", "--quiet", "--target-dir"])
        .arg(&target);
    for tool in TOOLS {
        cargo.args(["--package", tool]);
    }
    let status =
        cargo.status().context("cargo cannot be started; install Rust (rustup) or set CARGO")?;
    if !status.success() {
        bail!("the host tools did not build; mend the error above");
    }
    let tools = layout.tools();
    fs::create_dir_all(&tools).with_context(|| format!("{} cannot be made", tools.display()))?;
    for tool in TOOLS {
        replace(&target.join("release").join(tool), &tools.join(tool))?;
    }
    step.done(&TOOLS.join(", "));
    Ok(())
}

/// Where a toolchain directory keeps the target's rlibs and `target.json`.
pub fn target_dir(toolchain: &Path) -> PathBuf {
    toolchain.join("lib/rustlib").join(TRIPLE)
}

/// Lays out a toolchain directory around rlibs that are already in place.
pub fn lay_out(layout: &Layout, rust: &Rust, dir: &Path, sysroot_hash: &str) -> Result<()> {
    let rustlib = dir.join("lib/rustlib");
    fs::create_dir_all(dir.join("bin"))
        .with_context(|| format!("{} cannot be made", dir.display()))?;
    let ours = target_dir(dir);
    fs::create_dir_all(&ours).with_context(|| format!("{} cannot be made", ours.display()))?;
    for (tool, name) in
        [("rustc-shim", "rustc"), ("rustc-shim", "rustdoc"), ("plan9-ld", "plan9-ld")]
    {
        replace(&layout.tools().join(tool), &dir.join("bin").join(name))?;
    }
    link(&rust.cargo, &dir.join("bin/cargo"))?;
    let host = toolchain::host(rust)?;
    let sysroot = toolchain::output(Command::new(&rust.rustc).args(["--print", "sysroot"]))?;
    link(&Path::new(sysroot.trim_end()).join("lib/rustlib").join(host), &rustlib.join(host))?;
    let json = layout.targets().join(format!("{TRIPLE}.json"));
    replace(&json, &ours.join("target.json"))?;
    let record =
        Record { rustc: &rust.rustc, rustdoc: &rust.rustdoc, cargo: &rust.cargo, sysroot_hash };
    let place = dir.join("lib/plan9.toml");
    let text = toml::to_string(&record)?;
    if fs::read_to_string(&place).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(&place, text).with_context(|| format!("{} is not writable", place.display()))
}

/// Copies over a file that may be running, if it differs: a new file under the old name.
fn replace(from: &Path, to: &Path) -> Result<()> {
    if let (Ok(old), Ok(new)) = (fs::read(to), fs::read(from))
        && old == new
    {
        return Ok(());
    }
    let new = to.with_extension("new");
    fs::copy(from, &new)
        .with_context(|| format!("{} cannot be copied to {}", from.display(), new.display()))?;
    fs::rename(&new, to).with_context(|| format!("{} is not writable", to.display()))
}

fn link(to: &Path, at: &Path) -> Result<()> {
    if fs::read_link(at).is_ok_and(|old| old == to) {
        return Ok(());
    }
    if at.symlink_metadata().is_ok() {
        fs::remove_file(at).with_context(|| format!("{} cannot be replaced", at.display()))?;
    }
    symlink(to, at).with_context(|| format!("{} cannot be made", at.display()))
}
