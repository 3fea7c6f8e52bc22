//! std for Plan 9, built once with cargo from the overlaid tree, so that users' projects never build it.
//!
//! The target is given by name, found through `RUST_TARGET_PATH`: a std built for a path to a JSON file has a hashed
//! triple and users' crates, which name the target, would be refused (E0461).

use crate::cargo::{self, MESSAGES};
use crate::layout::{Layout, TRIPLE};
use crate::progress::Step;
use crate::toolchain::{self, Rust};
use anyhow::{Context, Result};
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Unmarked crates of crates.io must count as unstable parts of std; bitcode is for users' LTO.
const RUSTFLAGS: &str = "-Zforce-unstable-if-unmarked -Zunstable-options -Cembed-bitcode=yes";
const FEATURES: &str = "panic-unwind,backtrace,compiler-builtins-mem";

/// Where a std is built from and to, and by which compiler.
pub struct Place<'a> {
    pub library: &'a Path,
    /// Cargo's target directory.
    pub target_dir: &'a Path,
    pub rustc: &'a Path,
    /// Only with the vendored crates, where the source brings them.
    pub offline: bool,
}

/// Builds the overlaid `sysroot` crate and returns the rlibs for our target.
pub fn build(layout: &Layout, rust: &Rust, place: &Place) -> Result<Vec<PathBuf>> {
    let step = Step::start("std for Plan 9");
    let mut cargo = command(layout, rust, place);
    cargo.arg("build").arg("--manifest-path").arg(place.library.join("sysroot/Cargo.toml"));
    options(&mut cargo, place);
    let artifacts = cargo::artifacts(cargo, &step).context("std did not build")?;
    let rlibs: Vec<_> = artifacts
        .into_iter()
        .flat_map(|artifact| artifact.filenames)
        .filter(|file| is_ours(file))
        .collect();
    step.done(&format!("{} crates", rlibs.len()));
    Ok(rlibs)
}

/// Cargo with the environment that std's crates are built in.
pub fn command(layout: &Layout, rust: &Rust, place: &Place) -> Command {
    let mut cargo = Command::new(&rust.cargo);
    toolchain::forget_users_flags(&mut cargo);
    cargo.env("RUSTC", place.rustc).env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", RUSTFLAGS);
    cargo.env("RUST_TARGET_PATH", layout.targets()).current_dir(&layout.build);
    cargo
}

/// What follows cargo's verb, the same for std and for its tests: their crates must have the same hashes.
pub fn options(cargo: &mut Command, place: &Place) {
    cargo.args(["--quiet", "--release", MESSAGES, "--target", TRIPLE]);
    cargo.args(["--no-default-features", "--features", FEATURES]);
    cargo.arg("--target-dir").arg(place.target_dir);
    if place.offline {
        let vendor = place.library.join("vendor");
        cargo.args([
            "--offline",
            "--config",
            "source.crates-io.replace-with='vendored'",
            "--config",
        ]);
        cargo.arg(format!("source.vendored.directory={:?}", vendor.display().to_string()));
    }
}

/// Host artifacts (build scripts, proc macros) lie outside the target's directory.
fn is_ours(file: &Path) -> bool {
    file.extension().is_some_and(|ext| ext == "rlib")
        && file.components().any(|part| part.as_os_str() == TRIPLE)
}

/// Makes `dest` hold exactly these rlibs, and returns a hash of them for the shim's version text.
pub fn install(rlibs: &[PathBuf], dest: &Path) -> Result<String> {
    if dest.exists() {
        fs::remove_dir_all(dest)
            .with_context(|| format!("{} cannot be emptied", dest.display()))?;
    }
    fs::create_dir_all(dest).with_context(|| format!("{} cannot be made", dest.display()))?;
    let mut hasher = DefaultHasher::new();
    let mut rlibs: Vec<_> = rlibs.iter().collect();
    rlibs.sort();
    for rlib in rlibs {
        let name = rlib.file_name().with_context(|| format!("{} is no file", rlib.display()))?;
        let bytes = fs::read(rlib).with_context(|| format!("{} cannot be read", rlib.display()))?;
        (name, &bytes).hash(&mut hasher);
        fs::write(dest.join(name), bytes)
            .with_context(|| format!("{} is not writable", dest.display()))?;
    }
    Ok(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_targets_rlibs_are_taken() {
        assert!(is_ours(Path::new("t/x86_64-unknown-plan9/release/deps/libcore-1.rlib")));
        assert!(!is_ours(Path::new("t/release/deps/libcc-1.rlib")));
        assert!(!is_ours(Path::new("t/x86_64-unknown-plan9/release/deps/libcore-1.rmeta")));
    }

    #[test]
    fn an_installed_set_replaces_the_earlier_one_and_its_hash_follows_the_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let (rlib, dest) = (dir.path().join("liba.rlib"), dir.path().join("lib"));
        fs::create_dir(&dest).unwrap();
        fs::write(dest.join("libstale.rlib"), "").unwrap();
        fs::write(&rlib, "1").unwrap();
        let first = install(std::slice::from_ref(&rlib), &dest).unwrap();
        assert!(!dest.join("libstale.rlib").exists() && dest.join("liba.rlib").exists());
        assert_eq!(install(std::slice::from_ref(&rlib), &dest).unwrap(), first);
        fs::write(&rlib, "2").unwrap();
        assert_ne!(install(&[rlib], &dest).unwrap(), first);
    }
}
