//! Running a program on the machine under a time limit, and comparing what it printed.

use super::{launch, patience};
use crate::layout::Layout;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use launch::{Ended, build};

/// A program that runs longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs `binary`. `flags` are plan9-run's for the embedded machine; another takes `--ramfs` alone.
pub fn run(layout: &Layout, flags: &[&str], binary: &Path, args: &[&str]) -> Result<Ended> {
    run_within(LIMIT, layout, flags, binary, args)
}

/// As [`run`], with a limit of the caller's, which is longer on a slow machine.
pub fn run_within(
    limit: Duration,
    layout: &Layout,
    flags: &[&str],
    binary: &Path,
    args: &[&str],
) -> Result<Ended> {
    launch::run(layout, patience::limit(layout, limit)?, flags, binary, args)
}

/// Those of the flags that another machine takes, which are `--ramfs` and its folder; all for the embedded one.
pub fn flags_for<'a>(layout: &Layout, flags: &[&'a str]) -> Vec<&'a str> {
    if layout.machine.is_embedded() {
        return flags.to_vec();
    }
    let ramfs = flags.windows(2).find(|pair| pair[0] == "--ramfs");
    ramfs.map(<[_]>::to_vec).unwrap_or_default()
}

/// Fails with both texts if they differ.
pub fn same(what: &str, expected: &str, got: &str) -> Result<()> {
    ensure!(expected == got, "{what} differs; expected:\n{expected}got:\n{got}");
    Ok(())
}

/// The files of a folder with an extension, in order.
pub fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .with_context(|| format!("{} cannot be read", folder.display()))?
        .filter_map(|item| item.ok().map(|item| item.path()))
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    Ok(files)
}
