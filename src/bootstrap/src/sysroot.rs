//! std for Plan 9, built once with cargo from the overlaid tree, so that users' projects never build it.
//!
//! The target is given by name, found through `RUST_TARGET_PATH`: a std built for a path to a JSON file has a hashed
//! triple and users' crates, which name the target, would be refused (E0461).

use crate::layout::{Layout, TRIPLE};
use crate::progress::Step;
use crate::toolchain::Rust;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// Unmarked crates of crates.io must count as unstable parts of std; bitcode is for users' LTO.
const RUSTFLAGS: &str = "-Zforce-unstable-if-unmarked -Zunstable-options -Cembed-bitcode=yes";
const FEATURES: &str = "panic-unwind,backtrace,compiler-builtins-mem";

#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Builds the overlaid `sysroot` crate and returns the rlibs for our target.
pub fn build(layout: &Layout, rust: &Rust) -> Result<Vec<PathBuf>> {
    let step = Step::start("std for Plan 9");
    let mut cargo = command(layout, rust);
    let mut child =
        cargo.spawn().with_context(|| format!("{} cannot be started", rust.cargo.display()))?;
    let (Some(stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
        bail!("cargo's output cannot be read");
    };
    let complaints = thread::spawn(move || {
        let mut text = Vec::new();
        stderr.read_to_end(&mut text).map(|_| String::from_utf8_lossy(&text).into_owned())
    });
    let mut rlibs = Vec::new();
    for line in BufReader::new(stdout).lines() {
        let Ok(message) = serde_json::from_str::<Message>(&line?) else { continue };
        if message.reason == "compiler-artifact" {
            rlibs.extend(message.filenames.into_iter().filter(|file| is_ours(file)));
            step.at(format!(
                "{} ({})",
                message.target.map_or(String::new(), |target| target.name),
                rlibs.len()
            ));
        }
    }
    let status = child.wait()?;
    let complaints =
        complaints.join().map_err(|_| anyhow::anyhow!("reading cargo's output panicked"))??;
    if !status.success() {
        bail!("std did not build ({status}); mend the first error:\n{}", complaints.trim_end());
    }
    step.done(&format!("{} crates", rlibs.len()));
    Ok(rlibs)
}

fn command(layout: &Layout, rust: &Rust) -> Command {
    let mut cargo = Command::new(&rust.cargo);
    cargo.args([
        "build",
        "--quiet",
        "--release",
        "--message-format=json-render-diagnostics",
        "--target",
        TRIPLE,
    ]);
    cargo.args(["--no-default-features", "--features", FEATURES]);
    cargo.arg("--manifest-path").arg(layout.overlaid_library().join("sysroot/Cargo.toml"));
    cargo.arg("--target-dir").arg(layout.sysroot_target());
    if rust.vendor().is_some() {
        let vendor = layout.overlaid_library().join("vendor");
        cargo.args([
            "--offline",
            "--config",
            "source.crates-io.replace-with='vendored'",
            "--config",
        ]);
        cargo.arg(format!("source.vendored.directory={:?}", vendor.display().to_string()));
    }
    // What the user set for own projects must not change std's crate hashes.
    for name in [
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_BUILD_RUSTC_WRAPPER",
        "RUSTC_WRAPPER",
    ] {
        cargo.env_remove(name);
    }
    // Set by rustup's cargo, which runs us: a proxy would then choose another compiler.
    cargo.env_remove("RUSTUP_TOOLCHAIN");
    cargo.env("RUSTC", &rust.rustc).env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", RUSTFLAGS);
    cargo.env("RUST_TARGET_PATH", layout.targets());
    cargo
        .current_dir(&layout.build)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    cargo
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
