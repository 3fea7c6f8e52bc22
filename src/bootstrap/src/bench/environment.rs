//! What it was measured on.

use crate::layout::Layout;
use crate::suites::{self, go};
use crate::toolchain;
use anyhow::Result;
use std::fs;
use std::process::Command;

/// Names and values, for the page's head.
pub fn describe(layout: &Layout) -> Result<Vec<(&'static str, String)>> {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown", |(_, name)| name);
    let count = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let load = read("/proc/loadavg");
    let machine = layout.tools().join("plan9-run");
    let compiler = layout.toolchain().join("bin/rustc");
    let mut on = vec![
        ("CPU", format!("{count} × {model}")),
        ("host", format!("Linux {}", read("/proc/sys/kernel/osrelease").trim())),
        ("load", format!("{} at the end", load.split(' ').next().unwrap_or_default())),
        ("machine", toolchain::output(Command::new(machine).arg("--version"))?.trim().into()),
        ("ran on", suites::described(layout)?),
        ("compiler", toolchain::output(Command::new(compiler).arg("-V"))?.trim().into()),
    ];
    for compiler in go::compilers() {
        on.push(("compiler", go::version(&compiler)?));
    }
    Ok(on)
}
