//! std for Plan 9, built once with cargo from the overlaid tree, so that users' projects never build it.
//!
//! The target is given by its file, whose text becomes part of the crates' identity: what is built for another text, or
//! for the name alone, is refused beside them (E0461). For users' crates, which name the target, the shim puts the file.

use crate::cargo::{self, MESSAGES};
use crate::layout::{Layout, TRIPLE};
use crate::progress::Step;
use crate::toolchain::{self, Rust};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Unmarked crates of crates.io must count as unstable parts of std; bitcode is for users' LTO.
const RUSTFLAGS: &str = "-Zforce-unstable-if-unmarked -Zunstable-options -Cembed-bitcode=yes";
const FEATURES: &str = "panic-unwind,backtrace";

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
    options(&mut cargo, layout, place);
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
    // For backtraces and debuggers; `-Cstrip=debuginfo`, cargo's own choice for releases, leaves them out of a program.
    cargo.env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only");
    cargo.env("RUSTC", place.rustc).env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", RUSTFLAGS);
    // From 1.100 on cargo leaves the metadata to files beside the rlibs, which alone are taken from here.
    cargo.env("CARGO_UNSTABLE_EMBED_METADATA", "true");
    if let Some(libraries) = toolchain::libraries(rust) {
        cargo.env("LD_LIBRARY_PATH", libraries);
    }
    cargo.current_dir(&layout.build);
    cargo
}

/// What follows cargo's verb, the same for std and for its tests: their crates must have the same hashes.
pub fn options(cargo: &mut Command, layout: &Layout, place: &Place) {
    cargo.args(["--quiet", "--release", MESSAGES]);
    target(cargo, layout);
    features(cargo);
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

/// The target, as cargo takes it.
pub fn target(cargo: &mut Command, layout: &Layout) {
    cargo.args(["-Zjson-target-spec", "--target"]).arg(layout.target_file());
}

/// What of std is built.
pub fn features(cargo: &mut Command) {
    cargo.args(["--no-default-features", "--features", FEATURES]);
}

/// Host artifacts (build scripts, proc macros) lie outside the target's directory.
fn is_ours(file: &Path) -> bool {
    file.extension().is_some_and(|ext| ext == "rlib")
        && file.components().any(|part| part.as_os_str() == TRIPLE)
}

/// Makes `dest` hold exactly these rlibs, and returns a hash of them for the shim's version text.
///
/// Only what changed is touched: 100 MB would be copied else at every build. The hash of a set that stayed is the one
/// that was kept beside it.
pub fn install(rlibs: &[PathBuf], dest: &Path) -> Result<String> {
    fs::create_dir_all(dest).with_context(|| format!("{} cannot be made", dest.display()))?;
    let mut wanted = BTreeMap::new();
    for rlib in rlibs {
        let name = rlib.file_name().with_context(|| format!("{} is no file", rlib.display()))?;
        wanted.insert(name, rlib);
    }
    let mut changed = false;
    for entry in fs::read_dir(dest).with_context(|| format!("{} is unreadable", dest.display()))? {
        let entry = entry?;
        if !wanted.contains_key(entry.file_name().as_os_str()) {
            changed = true;
            fs::remove_file(entry.path())
                .with_context(|| format!("{} cannot be removed", entry.path().display()))?;
        }
    }
    for (name, rlib) in &wanted {
        let to = dest.join(name);
        if !same(rlib, &to) {
            changed = true;
            put(rlib, &to).with_context(|| format!("{} cannot be made", to.display()))?;
        }
    }
    let kept = dest.with_extension("hash");
    if !changed && let Ok(hash) = fs::read_to_string(&kept) {
        return Ok(hash);
    }
    let mut hasher = DefaultHasher::new();
    for (name, rlib) in &wanted {
        let bytes = fs::read(rlib).with_context(|| format!("{} cannot be read", rlib.display()))?;
        (name, &bytes).hash(&mut hasher);
    }
    let hash = format!("{:016x}", hasher.finish());
    fs::write(&kept, &hash).with_context(|| format!("{} is not writable", kept.display()))?;
    Ok(hash)
}

/// The same file by two names, or a copy with its time.
fn same(from: &Path, to: &Path) -> bool {
    let (Ok(from), Ok(to)) = (fs::metadata(from), fs::metadata(to)) else { return false };
    (from.dev(), from.ino()) == (to.dev(), to.ino())
        || (from.len() == to.len() && from.modified().ok() == to.modified().ok())
}

/// Links the file, for rustc writes a new one instead of changing it; copies where links cannot be.
fn put(from: &Path, to: &Path) -> io::Result<()> {
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to)?;
    File::options().write(true).open(to)?.set_modified(fs::metadata(from)?.modified()?)
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
        // As rustc does: a new file under the old name.
        fs::write(dir.path().join("new"), "2").unwrap();
        fs::rename(dir.path().join("new"), &rlib).unwrap();
        assert_ne!(install(&[rlib], &dest).unwrap(), first);
        assert_eq!(fs::read_to_string(dest.join("liba.rlib")).unwrap(), "2");
    }

    #[test]
    fn a_set_that_stayed_is_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("liba.rlib"), dir.path().join("libb.rlib"));
        fs::write(&one, "1").unwrap();
        fs::write(&two, "2").unwrap();
        let dest = dir.path().join("lib");
        let rlibs = [one, two];
        let first = install(&rlibs, &dest).unwrap();
        let before = fs::metadata(dest.join("liba.rlib")).unwrap().ino();
        // A kept hash is taken as it is: nothing was read again.
        fs::write(dir.path().join("lib.hash"), "kept").unwrap();
        assert_eq!(install(&rlibs, &dest).unwrap(), "kept");
        assert_eq!(fs::metadata(dest.join("liba.rlib")).unwrap().ino(), before);
        fs::remove_file(dest.join("libb.rlib")).unwrap();
        assert_eq!(install(&rlibs, &dest).unwrap(), first);
        assert_eq!(fs::read_to_string(dest.join("libb.rlib")).unwrap(), "2");
    }

    #[test]
    fn a_copy_counts_as_the_file_by_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a"), dir.path().join("b"));
        fs::write(&from, "1").unwrap();
        fs::copy(&from, &to).unwrap();
        let time = fs::metadata(&from).unwrap().modified().unwrap();
        File::options().write(true).open(&to).unwrap().set_modified(time).unwrap();
        assert!(same(&from, &to));
        fs::write(&to, "2").unwrap();
        let later = time + std::time::Duration::from_secs(1);
        File::options().write(true).open(&to).unwrap().set_modified(later).unwrap();
        assert!(!same(&from, &to));
    }
}
