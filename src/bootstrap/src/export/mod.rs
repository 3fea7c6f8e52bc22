//! The fork as commits on top of rust-lang/rust, because that is the form in which upstream can read and take it.
//!
//! All of it is worked out from pristine text first (`series`, by the same hooks and files that `x build` lays over the
//! library), handed to git as one stream (`git`), and only then checked out. What does not fit leaves nothing behind.
//! `check` proves that the commits end in the very tree that `x build` builds.

mod check;
mod git;
mod series;
#[cfg(test)]
mod tests;

pub use check::check;

use crate::layout::{Layout, RUST_VERSION};
use crate::overlay;
use anyhow::{Context, Result, ensure};
use git::Checkout;
use series::Fork;
use std::fs;
use std::path::Path;

/// What was exported.
#[derive(Debug)]
pub struct Exported {
    pub branch: &'static str,
    /// Subject and number of files of each commit.
    pub commits: Vec<(&'static str, usize)>,
    /// Folders that are repositories of their own, with commits of their own.
    pub submodules: Vec<String>,
    /// Files that the series would extend or lie beside, and that are not in the checkout.
    pub lacking: Vec<String>,
}

/// Writes the series onto what `dir`, a clean checkout of rust-lang/rust, has checked out.
pub fn into(layout: &Layout, dir: &Path) -> Result<Exported> {
    let fork = Fork::of(layout);
    let checkout = Checkout::open(dir)?;
    let release = release(&fork, dir)?;
    write(&fork, &checkout, dir, &release)
}

fn write(fork: &Fork, checkout: &Checkout, dir: &Path, release: &str) -> Result<Exported> {
    let series = series::work_out(fork, dir, release)?;
    let commits: Vec<(&'static str, usize)> =
        series.commits.iter().map(|commit| (commit.subject, commit.files.len())).collect();
    let submodules = checkout.write(&series.commits)?;
    Ok(Exported { branch: git::BRANCH, commits, submodules, lacking: series.lacking })
}

/// The release that a checkout is the source of, our own where it does not say: `rust-src` does not. Refuses what is no
/// source of Rust, or of a version that the fork does not fit.
fn release(fork: &Fork, dir: &Path) -> Result<String> {
    ensure!(
        dir.join("library/std/Cargo.toml").is_file(),
        "{} has no library/std; name a checkout of rust-lang/rust",
        dir.display()
    );
    let place = dir.join("src/version");
    if !place.is_file() {
        return Ok(RUST_VERSION.to_owned());
    }
    let text = fs::read_to_string(&place)
        .with_context(|| format!("{} cannot be read", place.display()))?;
    let number = text.trim();
    let releases = overlay::releases(&fork.library)?;
    // The file has the number alone, without the channel.
    let found = releases.iter().find(|release| release.split('-').next() == Some(number));
    found.cloned().with_context(|| {
        format!(
            "{} is Rust {number}, and the fork fits {}; check one of these out there",
            dir.display(),
            releases.join(", ")
        )
    })
}
