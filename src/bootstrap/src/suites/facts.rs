//! What expected texts depend on of the machine, and what a reader wants to know of it, as it says it itself
//! (`tests/machine`'s `facts`).

use super::{launch, patience};
use crate::layout::Layout;
use anyhow::{Context, Result, ensure};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// One fact, such as its `sysname`.
pub fn fact<'a>(layout: &'a Layout, name: &str) -> Result<&'a str> {
    let facts = facts(layout)?;
    let value = facts.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.with_context(|| format!("{} says nothing of {name}", layout.machine.name()))
}

/// Whether TCP inside the machine is spliced, where no flag of plan9-run's forbids it.
pub fn splices(layout: &Layout) -> Result<bool> {
    Ok(fact(layout, "splices")? == "true")
}

/// The machine in a line.
pub fn described(layout: &Layout) -> Result<String> {
    let of = |name| fact(layout, name);
    Ok(format!(
        "{} (sysname {}, osversion {}, {} × {})",
        layout.machine.name(),
        of("sysname")?,
        of("osversion")?,
        of("processors")?,
        of("cputype")?,
    ))
}

fn facts(layout: &Layout) -> Result<&str> {
    if let Some(facts) = layout.machine.facts.get() {
        return Ok(facts);
    }
    let built = launch::build(layout, "tests/machine", "machine", &["--release"])?;
    let limit = patience::limit(layout, LIMIT)?;
    let ended = launch::run(layout, limit, &[], &built.join("release/facts"), &[])?;
    ensure!(ended.code == 0, "the machine says nothing of itself: {}", ended.stderr);
    Ok(layout.machine.facts.get_or_init(|| ended.stdout))
}
