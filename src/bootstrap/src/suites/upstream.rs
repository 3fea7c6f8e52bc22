//! Rust's own test suites of `core`, `alloc` and `std`, unmodified but for the hooks that are marked `tests_only`.
//!
//! They are built from a second overlaid tree with whole manifests, because they need crates of the registry that the
//! build of std does without. `coretests`, `alloctests` link the std that users link. std's own are compiled with std
//! itself, and what they link must have the hashes of that very build: they get a toolchain directory of their own.
//! What does not run stands in `tests/upstream-ignored.toml`.

use super::batch::Batch;
use super::listed::List;
use super::names;
use super::{Report, programs};
use crate::cargo::{self, Artifact, MESSAGES};
use crate::layout::{Layout, TRIPLE};
use crate::overlay::{self, Purpose};
use crate::progress::Step;
use crate::sysroot::{self, Place};
use crate::toolchain::{self, Rust};
use crate::tools;
use crate::verbs::plan9_cargo;
use crate::verbs::run::compile;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// In place of a hash of the rlibs, the same before and after they are built: cargo takes it into the crates' hashes.
const OWN_SYSROOT: &str = "std's own tests";

/// The tests of `core`.
pub fn coretests(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    tree(layout)?;
    let programs = with_users_std(layout, names::CORETESTS, &["--test", names::CORETESTS])?;
    run(layout, names::CORETESTS, programs, part, report)
}

/// The tests of `alloc`, those inside its modules and those outside.
pub fn alloctests(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    tree(layout)?;
    let programs = with_users_std(layout, names::ALLOCTESTS, &["--lib", "--test", "*"])?;
    run(layout, names::ALLOCTESTS, programs, part, report)
}

/// The tests inside std's modules.
pub fn std_unit(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    let rust = tree(layout)?;
    let programs = with_own_std(layout, &rust, names::STD, &["--lib"])?;
    commands(layout)?;
    run(layout, names::STD, programs, part, report)
}

/// Builds the commands that tests run (`tests/bin`).
pub fn commands(layout: &Layout) -> Result<()> {
    for source in super::programs::files(&layout.root.join("tests/bin"), "rs")? {
        let name = source.file_stem().unwrap_or_default();
        compile(layout, &source, &layout.commands().join(name), &[])?;
    }
    Ok(())
}

/// The tests of std from outside, a program each.
pub fn std_integration(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    let rust = tree(layout)?;
    let programs = with_own_std(layout, &rust, names::STD_INTEGRATION, &["--test", "*"])?;
    run(layout, names::STD_INTEGRATION, programs, part, report)
}

/// The overlaid tree with whole manifests.
pub fn tree(layout: &Layout) -> Result<Rust> {
    let rust = toolchain::find_or_install(layout)?;
    let plan = overlay::plan(&rust.library, &layout.own_library(), &rust.version, Purpose::Tests)?;
    overlay::write(&plan, &layout.tests_library())?;
    cargo::complete_lock(&rust, &layout.tests_library())?;
    Ok(rust)
}

fn with_users_std(
    layout: &Layout,
    package: &'static str,
    targets: &[&str],
) -> Result<Vec<Artifact>> {
    let step = Step::start(package);
    let mut cargo = plan9_cargo(layout, &[])?;
    toolchain::forget_users_flags(&mut cargo);
    cargo.env("RUSTC", layout.toolchain().join("bin/rustc")).env("RUSTC_BOOTSTRAP", "1");
    cargo.arg("test").arg("--manifest-path");
    cargo.arg(layout.tests_library().join(package).join("Cargo.toml"));
    // Without optimisation some tests, of slices of `usize::MAX` elements, never end.
    cargo.args(["--no-run", "--quiet", "--release", MESSAGES, "--target", TRIPLE]);
    cargo.arg("--target-dir").arg(layout.build.join("test/upstream")).args(targets);
    programs(cargo, step)
}

/// A std with the hashes that std's own tests are compiled against, in a toolchain directory.
pub struct OwnStd {
    toolchain: PathBuf,
    library: PathBuf,
    target_dir: PathBuf,
    rustc: PathBuf,
}

impl OwnStd {
    /// Builds it, as far as something changed.
    pub fn build(layout: &Layout, rust: &Rust) -> Result<Self> {
        let (toolchain, target_dir) = (layout.tests_toolchain(), layout.build.join("tests-target"));
        tools::lay_out(layout, rust, &toolchain, OWN_SYSROOT)?;
        let library = layout.tests_library();
        let rustc = toolchain.join("bin/rustc");
        let own = Self { toolchain, library, target_dir, rustc };
        let lib = tools::target_dir(&own.toolchain).join("lib");
        let mut rlibs = sysroot::build(layout, rust, &own.place())?;
        // What the tests bring along is compiled against these by their names, and cargo does not know that.
        if is_of_others(&lib, &rlibs)? {
            fs::remove_dir_all(&own.target_dir)?;
            rlibs = sysroot::build(layout, rust, &own.place())?;
        }
        sysroot::install(&rlibs, &lib)?;
        Ok(own)
    }

    /// Where it is built from and to.
    pub fn place(&self) -> Place<'_> {
        Place {
            library: &self.library,
            target_dir: &self.target_dir,
            rustc: &self.rustc,
            offline: false,
        }
    }

    /// The toolchain directory's rustdoc.
    pub fn rustdoc(&self) -> PathBuf {
        self.toolchain.join("bin/rustdoc")
    }
}

/// The folder is there and holds rlibs of other names.
fn is_of_others(folder: &Path, rlibs: &[PathBuf]) -> Result<bool> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(false) };
    let there: BTreeSet<_> =
        entries.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<_>>()?;
    let wanted: BTreeSet<_> =
        rlibs.iter().filter_map(|rlib| rlib.file_name()).map(ToOwned::to_owned).collect();
    Ok(!there.is_empty() && there != wanted)
}

fn with_own_std(
    layout: &Layout,
    rust: &Rust,
    suite: &'static str,
    targets: &[&str],
) -> Result<Vec<Artifact>> {
    let own = OwnStd::build(layout, rust)?;
    let step = Step::start(suite);
    let mut cargo = sysroot::command(layout, rust, &own.place());
    cargo.args(["test", "--no-run", "--manifest-path"]).arg(own.library.join("std/Cargo.toml"));
    sysroot::options(&mut cargo, layout, &own.place());
    cargo.args(targets);
    programs(cargo, step)
}

/// The programs of tests that cargo makes.
fn programs(cargo: Command, step: Step) -> Result<Vec<Artifact>> {
    let artifacts = cargo::artifacts(cargo, &step).context("upstream's tests did not build")?;
    let tests = artifacts.into_iter().filter(|artifact| artifact.profile.test);
    let tests: Vec<_> = tests.filter(|artifact| artifact.executable.is_some()).collect();
    step.done(&format!("{} programs of tests", tests.len()));
    Ok(tests)
}

/// Runs the programs. Where there are several, a program's name is the outermost module of its tests.
fn run(
    layout: &Layout,
    suite: &'static str,
    artifacts: Vec<Artifact>,
    part: &str,
    report: &mut Report,
) -> Result<()> {
    ensure!(!artifacts.is_empty(), "cargo built no program of {suite}");
    let manifest = layout.tests_library().join("std/Cargo.toml");
    let bare = without_harness(&fs::read_to_string(&manifest)?)
        .with_context(|| format!("{} is not known here", manifest.display()))?;
    let several = artifacts.len() > 1;
    let (mut batches, mut bares) = (Vec::new(), Vec::new());
    for artifact in artifacts {
        let inside = artifact.target.kind.iter().any(|kind| kind.contains("lib"));
        let name = if inside { "lib".to_owned() } else { artifact.target.name };
        let binary = artifact.executable.context("a program of tests without a file")?;
        if suite == names::STD_INTEGRATION && bare.contains(&name) {
            bares.push((name, binary));
        } else {
            let prefix = if several { format!("{name}::") } else { String::new() };
            batches.push(Batch::list(layout, suite, prefix, binary)?);
        }
    }
    let mut all: Vec<String> = bares.iter().map(|(name, _)| name.clone()).collect();
    all.extend(batches.iter().flat_map(Batch::names));
    let list = List::read(layout)?;
    let left_out = list.reasons(suite, &all)?;
    for batch in batches {
        batch.run(layout, part, &left_out, report)?;
    }
    for (name, binary) in bares.iter().filter(|(name, _)| name.contains(part)) {
        let title = format!("{suite}/{name}");
        match left_out.get(name) {
            Some(why) => report.skip(&title, why),
            None => report.record(&title, alone(layout, binary)),
        }
    }
    Ok(())
}

/// A program without libtest is one test.
fn alone(layout: &Layout, binary: &Path) -> Result<()> {
    let ended = programs::run(layout, &[], binary, &[])?;
    ensure!(ended.code == 0, "the exit code is {}\n{}{}", ended.code, ended.stdout, ended.stderr);
    Ok(())
}

/// The names of the tests that a manifest says `harness = false` of.
fn without_harness(manifest: &str) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Manifest {
        #[serde(default)]
        test: Vec<Test>,
    }
    #[derive(Deserialize)]
    struct Test {
        name: String,
        harness: Option<bool>,
    }
    let manifest: Manifest = toml::from_str(manifest)?;
    let bare = manifest.test.into_iter().filter(|test| test.harness == Some(false));
    Ok(bare.map(|test| test.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rlibs_of_other_names_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let (new, old) = ([PathBuf::from("build/liballoc-2.rlib")], ["liballoc-1.rlib".into()]);
        assert!(!is_of_others(&folder.path().join("none"), &new).unwrap());
        assert!(!is_of_others(folder.path(), &new).unwrap());
        fs::write(folder.path().join(&old[0]), "").unwrap();
        assert!(is_of_others(folder.path(), &new).unwrap());
        assert!(!is_of_others(folder.path(), &old).unwrap());
    }

    #[test]
    fn programs_without_libtest_are_those_that_say_so() {
        let text = "[package]\nname = 'std'\n[[test]]\nname = 'a'\nharness = false\n[[test]]\nname = 'b'\n";
        assert_eq!(without_harness(text).unwrap(), ["a"]);
        assert!(without_harness("[package]\n").unwrap().is_empty());
    }
}
