//! The tests of the host's crates, by cargo.

use super::Report;
use crate::layout::Layout;
use crate::toolchain;
use anyhow::{Context, Result};

/// Runs the suite; cargo's own lines are shown, its sums counted.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    let mut cargo = toolchain::user_cargo();
    cargo.current_dir(&layout.root).args(["test", "--workspace", "--no-fail-fast"]);
    if !part.is_empty() {
        cargo.arg(part);
    }
    let output =
        cargo.output().context("cargo cannot be started; install Rust (rustup) or set CARGO")?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    let before = report.failed;
    for line in text.lines().filter_map(|line| line.strip_prefix("test result:")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let count = |name: &str| {
            let place = words.iter().position(|word| word.trim_end_matches(';') == name);
            place.and_then(|place| words[place - 1].parse::<usize>().ok()).unwrap_or(0)
        };
        report.passed += count("passed");
        report.failed += count("failed");
        report.skipped += count("ignored");
    }
    if !output.status.success() && report.failed == before {
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        report.failed += 1;
    }
    Ok(())
}
