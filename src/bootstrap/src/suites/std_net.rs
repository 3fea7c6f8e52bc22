//! std's own tests of TCP and UDP, unmodified but for UDP's `debug`, which looks inside the unix implementation.
//!
//! They are compiled as a crate of their own whose `crate::net`, `crate::io` and so on are std's: what is tested is the
//! std that users link. Tests that cannot pass stand in `tests/upstream-ignored.toml` with their reasons.

use super::listed::List;
use super::names;
use super::{Report, libtest, programs};
use crate::layout::{Layout, TRIPLE};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FEATURES: &[&str] = &[
    "borrowed_buf_init",
    "can_vector",
    "core_io_borrowed_buf",
    "gethostname",
    "io_error_uncategorized",
    "read_buf",
    "tcp_linger",
];

/// Those that not every version of Rust knows.
const NEWER: [&str; 2] = ["ipv6_hop_limit", "tcp_keepalive"];

/// What the tests find at the root of std, but for its modules, and of the crate `rand`: one of them takes a port at
/// random.
const ROOT: &str = "
extern crate self as rand;
pub trait Rng {
    fn random_range(&mut self, range: std::ops::Range<u16>) -> u16;
}
pub mod test_helpers {
    use std::hash::{BuildHasher, RandomState};
    pub struct TestRng;
    pub fn test_rng() -> TestRng {
        TestRng
    }
    impl crate::Rng for TestRng {
        fn random_range(&mut self, range: std::ops::Range<u16>) -> u16 {
            range.start + RandomState::new().hash_one(()) as u16 % (range.end - range.start)
        }
    }
}
";

/// What the tests' names begin with in a crate of their own.
const MODULE: &str = "tests::";

/// One of the two protocols.
struct Protocol {
    suite: &'static str,
    /// Upstream's file in `std/src/net`.
    tests: &'static str,
    /// The machine's flags, for each run of a test.
    machines: &'static [&'static [&'static str]],
}

const TCP: Protocol = Protocol {
    suite: names::STD_TCP,
    tests: "tcp/tests.rs",
    // Spliced and not.
    machines: &[&[], &["--no-splice"]],
};
const UDP: Protocol = Protocol { suite: names::STD_UDP, tests: "udp/tests.rs", machines: &[&[]] };

/// Runs the tests of TCP.
pub fn tcp(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    run(layout, part, report, &TCP)
}

/// Runs the tests of UDP.
pub fn udp(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    run(layout, part, report, &UDP)
}

/// Compiles a suite's tests; gives the program and the names of those that upstream does not ignore.
pub fn built(layout: &Layout, suite: &str) -> Result<(PathBuf, Vec<String>)> {
    let protocol = if suite == names::STD_TCP { &TCP } else { &UDP };
    let binary = layout.build.join("test").join(protocol.suite);
    compile(layout, protocol.tests, &binary)?;
    let listed = |more: &[&str]| -> Result<Vec<String>> {
        let list = [&["--list"], more].concat();
        Ok(libtest::listed(&programs::run(layout, &[], &binary, &list)?.stdout))
    };
    let (all, ignored) = (listed(&[])?, listed(&["--ignored"])?);
    let run = all.iter().filter(|test| !ignored.contains(test));
    let tests = run.filter_map(|test| test.strip_prefix(MODULE)).map(str::to_owned).collect();
    Ok((binary, tests))
}

fn run(layout: &Layout, part: &str, report: &mut Report, protocol: &Protocol) -> Result<()> {
    let suite = protocol.suite;
    let (binary, tests) = built(layout, suite)?;
    let list = List::read(layout)?;
    let left_out = list.reasons(suite, &tests)?;
    for test in tests.iter().filter(|test| test.contains(part)) {
        if let Some(why) = left_out.get(test) {
            report.skip(&format!("{suite}/{test}"), why);
            continue;
        }
        for flags in layout.machine.kinds(protocol.machines) {
            let title = format!("{suite}/{test} {}", flags.join(" "));
            report.record(title.trim_end(), one(layout, &binary, test, flags));
        }
    }
    Ok(())
}

/// One test.
pub fn one(layout: &Layout, binary: &Path, test: &str, flags: &[&str]) -> Result<()> {
    let full = format!("{MODULE}{test}");
    let ended = programs::run(layout, flags, binary, &["--exact", &full])?;
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
    let mut features = FEATURES.to_vec();
    let tcp = fs::read_to_string(net.join("tcp.rs"))?;
    features.extend(NEWER.into_iter().filter(|feature| tcp.contains(feature)));
    // It has become a module of tests.
    let helpers = if net.join("test.rs").is_file() { "test" } else { "tests" };
    let source = format!(
        "#![feature({})]\n#![allow(unused, internal_features)]\n\
         pub use std::{{env, ffi, fmt, io, mem, ops, os, ptr, slice, sync, thread, time}};\n\
         pub mod net {{\n    pub use std::net::*;\n    #[path = {:?}]\n    pub mod {helpers};\n}}\n\
         {ROOT}\
         #[path = {:?}]\nmod tests;\n",
        features.join(", "),
        net.join(helpers).with_extension("rs"),
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
