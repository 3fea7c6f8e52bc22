//! std's own tests of TCP and UDP, unmodified but for `debug`, which asks for a unix descriptor.
//!
//! They are compiled as a crate of their own whose `crate::net`, `crate::io` and so on are std's: what is tested is the
//! std that users link. Tests that cannot pass stand in `tests/suites/std-{tcp,udp}.toml` with their reasons.

use super::{Report, programs};
use crate::layout::{Layout, TRIPLE};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::fs;
use std::path::Path;
use std::process::Command;

const FEATURES: &str = "borrowed_buf_init, can_vector, core_io_borrowed_buf, io_error_uncategorized, read_buf, tcp_linger";

#[derive(Deserialize)]
struct List {
    ignored: Vec<Ignored>,
}

#[derive(Deserialize)]
struct Ignored {
    test: String,
    why: String,
}

/// One of the two protocols.
struct Protocol {
    suite: &'static str,
    /// Upstream's file in `std/src/net`.
    tests: &'static str,
    /// The machine's flags, for each run of a test.
    machines: &'static [&'static [&'static str]],
}

const TCP: Protocol = Protocol {
    suite: "std-tcp",
    tests: "tcp/tests.rs",
    // Spliced and not.
    machines: &[&[], &["--no-splice"]],
};
const UDP: Protocol = Protocol { suite: "std-udp", tests: "udp/tests.rs", machines: &[&[]] };

/// Runs the tests of TCP.
pub fn tcp(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    run(layout, part, report, &TCP)
}

/// Runs the tests of UDP.
pub fn udp(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    run(layout, part, report, &UDP)
}

fn run(layout: &Layout, part: &str, report: &mut Report, protocol: &Protocol) -> Result<()> {
    let suite = protocol.suite;
    let place = layout.root.join(format!("tests/suites/{suite}.toml"));
    let text = fs::read_to_string(&place)
        .with_context(|| format!("{} cannot be read", place.display()))?;
    let list: List =
        toml::from_str(&text).with_context(|| format!("{} is no list", place.display()))?;
    let binary = layout.build.join("test").join(suite);
    compile(layout, protocol.tests, &binary)?;
    for ignored in &list.ignored {
        report.skip(&format!("{suite}/{}", ignored.test), &ignored.why);
    }
    let names = programs::run(layout, &[], &binary, &["--list"])?.stdout;
    let tests = names.lines().filter_map(|line| line.strip_suffix(": test"));
    for test in tests {
        let short = test.trim_start_matches("tests::");
        if !short.contains(part) || list.ignored.iter().any(|ignored| ignored.test == short) {
            continue;
        }
        for flags in protocol.machines {
            let title = format!("{suite}/{short} {}", flags.join(" "));
            report.record(title.trim_end(), one(layout, &binary, test, flags));
        }
    }
    Ok(())
}

fn one(layout: &Layout, binary: &Path, test: &str, flags: &[&str]) -> Result<()> {
    let ended = programs::run(layout, flags, binary, &["--exact", test])?;
    ensure!(
        ended.code == 0 && ended.stdout.contains("1 passed"),
        "{}{}",
        ended.stdout,
        ended.stderr
    );
    Ok(())
}

fn compile(layout: &Layout, tests: &str, binary: &Path) -> Result<()> {
    let net = layout.overlaid_library().join("std/src/net");
    let source = format!(
        "#![feature({FEATURES})]\n#![allow(unused, internal_features)]\n\
         pub use std::{{env, fmt, io, mem, sync, thread, time}};\n\
         pub mod net {{\n    pub use std::net::*;\n    #[path = {:?}]\n    pub mod test;\n}}\n\
         #[path = {:?}]\nmod tests;\n",
        net.join("test.rs"),
        net.join(tests)
    );
    let file = binary.with_extension("rs");
    fs::create_dir_all(layout.build.join("test"))?;
    fs::write(&file, source).with_context(|| format!("{} is not writable", file.display()))?;
    let output = Command::new(layout.toolchain().join("bin/rustc"))
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["--edition", "2024", "--test", "--target", TRIPLE, "-o"])
        .arg(binary)
        .arg(&file)
        .output()
        .context("the toolchain's rustc cannot be started; run `x build`")?;
    ensure!(
        output.status.success(),
        "std's {tests} did not compile\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
