//! How long programs may take: limits are made for a quiet host, and are longer by as much as the machine is slower,
//! which is measured once, by a program that does some fixed work (`tests/machine`'s `speed`).

use super::launch::{self, Ended};
use crate::layout::Layout;
use anyhow::{Context, Result, ensure};
use std::time::Duration;

/// What the work takes in the embedded machine on a quiet host, in milliseconds.
const QUIET: [(&str, f64); 3] = [("computing", 50.0), ("calls", 150.0), ("threads", 60.0)];
/// Longer than the work takes on any machine that is of use.
const LIMIT: Duration = Duration::from_secs(300);
/// Nothing is waited for longer than so many times.
const MOST: f64 = 20.0;

/// The limit for this machine.
pub fn limit(layout: &Layout, limit: Duration) -> Result<Duration> {
    Ok(limit.mul_f64(slowness(layout)?))
}

/// How many times slower the machine is; at least once.
pub fn slowness(layout: &Layout) -> Result<f64> {
    if let Some(&slowness) = layout.machine.slowness.get() {
        return Ok(slowness);
    }
    let built = launch::build(layout, "tests/machine", "machine", &["--release"])?;
    let ended = launch::run(layout, LIMIT, &[], &built.join("release/speed"), &[])?;
    ensure!(
        ended.code == 0,
        "no program runs on {}: {}{}",
        layout.machine.name(),
        ended.stdout,
        ended.stderr
    );
    let slowness = worst(&ended)?;
    if slowness > 1.0 {
        println!("{} is slow: limits are {slowness:.1} times as long", layout.machine.name());
    }
    Ok(*layout.machine.slowness.get_or_init(|| slowness))
}

/// The largest of the ratios to a quiet host's.
fn worst(ended: &Ended) -> Result<f64> {
    let mut worst: f64 = 1.0;
    for (what, quiet) in QUIET {
        let line = ended.stdout.lines().find_map(|line| line.strip_prefix(what));
        let taken = line.and_then(|line| line.trim().parse::<f64>().ok());
        let taken = taken.with_context(|| format!("no {what} was measured: {}", ended.stdout))?;
        worst = worst.max(taken / quiet);
    }
    Ok(worst.min(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(stdout: &str) -> Result<f64> {
        worst(&Ended { code: 0, stdout: stdout.into(), stderr: String::new() })
    }

    #[test]
    fn what_is_slowest_counts_and_a_fast_machine_has_the_limits_as_they_are() {
        assert_eq!(measured("computing 500\ncalls 150\nthreads 6\n").unwrap(), 10.0);
        assert_eq!(measured("computing 1\ncalls 1\nthreads 1\n").unwrap(), 1.0);
        assert_eq!(measured("computing 1\ncalls 1\nthreads 1000000\n").unwrap(), MOST);
        assert!(measured("computing 1\ncalls 1\n").is_err());
    }
}
