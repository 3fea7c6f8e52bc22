//! The host tools that a toolchain directory is made of, and that directory itself.
//!
//! `bin/rustc`, `bin/rustdoc` and `bin/cargo` are the shim, which reads the real ones' places from `lib/plan9.toml`
//! (written here). No file in it names the directory itself, so that a copy of it elsewhere works. What else the compiler
//! beneath has for people and editors is there too: clippy, rustfmt, the server of macros for rust-analyzer, and the
//! library's source, ours laid over it.
//! A tool that is not in the tree is said to be missing before anything is laid out around it.

use crate::layout::{Layout, SERVER, TRIPLE, shown};
use crate::progress::Step;
use crate::toolchain::{self, C, Machine, Rust};
use crate::verbs::plan9_cargo;
use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// Packages and names of the tools, all under `src/tools/`.
pub const TOOLS: [&str; 3] = ["plan9-ld", "plan9-run", "rustc-shim"];

/// What a toolchain directory has in `bin`, by the tool that it is.
pub const PROGRAMS: [(&str, &str); 5] = [
    ("rustc-shim", "rustc"),
    ("rustc-shim", "rustdoc"),
    ("rustc-shim", "cargo"),
    ("plan9-ld", "plan9-ld"),
    ("plan9-run", "plan9-run"),
];

/// Clippy's driver and its command are the shim too, if the compiler has them.
const CLIPPY: [&str; 2] = ["clippy-driver", "cargo-clippy"];
/// Programs that serve as they are, by links: they find their libraries from where they really lie.
const LINKED: [&str; 3] = ["bin/rustfmt", "bin/cargo-fmt", "libexec/rust-analyzer-proc-macro-srv"];
/// Where a sysroot has the library's source.
pub const SOURCE: &str = "lib/rustlib/src/rust/library";

/// What a toolchain directory may have in `bin` beside [`PROGRAMS`].
pub fn is_optional(name: &str) -> bool {
    CLIPPY.contains(&name)
}

#[derive(Serialize)]
struct Record<'a> {
    rustc: &'a Path,
    rustdoc: &'a Path,
    cargo: &'a Path,
    clippy_driver: Option<PathBuf>,
    sysroot_hash: &'a str,
    /// Where this machine has one.
    c: Option<C>,
}

/// The tools whose source is not in this tree.
pub fn missing(layout: &Layout) -> Vec<&'static str> {
    let there = |tool: &&str| layout.root.join("src/tools").join(tool).join("Cargo.toml").is_file();
    TOOLS.into_iter().filter(|tool| !there(tool)).collect()
}

/// Builds the tools with the user's cargo into `build/tools`.
pub fn build(layout: &Layout) -> Result<()> {
    let missing = missing(layout);
    ensure!(
        missing.is_empty(),
        "no toolchain directory can be made: src/tools/{{{}}} not in this tree; std's rlibs are as far as it goes",
        missing.join(",")
    );
    let step = Step::start("tools");
    let target = layout.build.join("host-target");
    let mut cargo = toolchain::user_cargo();
    cargo
        .current_dir(&layout.root)
        .args(["build", "--release", "--quiet", "--target-dir"])
        .arg(&target);
    for tool in TOOLS {
        cargo.args(["--package", tool]);
    }
    let status =
        cargo.status().context("cargo cannot be started; install Rust (rustup) or set CARGO")?;
    if !status.success() {
        bail!("the host tools did not build; mend the error above");
    }
    let tools = layout.tools();
    fs::create_dir_all(&tools).with_context(|| format!("{} cannot be made", tools.display()))?;
    for tool in TOOLS {
        replace(&target.join("release").join(tool), &tools.join(tool))?;
    }
    step.done(&TOOLS.join(", "));
    Ok(())
}

/// Builds the server, which runs on Plan 9, with the toolchain directory's own compiler, and adds it to the directory.
pub fn build_server(layout: &Layout) -> Result<()> {
    let step = Step::start(SERVER);
    let source = layout.root.join("src/tools").join(SERVER).join("Cargo.toml");
    let target = layout.build.join("server-target");
    let mut cargo = plan9_cargo(layout, &[])?;
    cargo.args(["build", "--release", "--quiet", "--locked", "--target", TRIPLE]);
    let output = cargo
        .arg("--manifest-path")
        .arg(source)
        .arg("--target-dir")
        .arg(&target)
        .output()
        .context("the toolchain's cargo cannot be started; run `x doctor`")?;
    if !output.status.success() {
        bail!("{SERVER} did not build\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let place = layout.server();
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    replace(&target.join(TRIPLE).join("release").join(SERVER), &place)?;
    step.done(&shown(&layout.root, &place));
    Ok(())
}

/// Where a toolchain directory keeps the target's rlibs and its file.
pub fn target_dir(toolchain: &Path) -> PathBuf {
    toolchain.join("lib/rustlib").join(TRIPLE)
}

/// Lays out a toolchain directory around rlibs that are already in place.
pub fn lay_out(layout: &Layout, rust: &Rust, dir: &Path, sysroot_hash: &str) -> Result<()> {
    let rustlib = dir.join("lib/rustlib");
    fs::create_dir_all(dir.join("bin"))
        .with_context(|| format!("{} cannot be made", dir.display()))?;
    let ours = target_dir(dir);
    fs::create_dir_all(&ours).with_context(|| format!("{} cannot be made", ours.display()))?;
    for (tool, name) in PROGRAMS {
        let place = dir.join("bin").join(name);
        if place.is_symlink() {
            fs::remove_file(&place)
                .with_context(|| format!("{} cannot be replaced", place.display()))?;
        }
        replace(&layout.tools().join(tool), &place)?;
    }
    let host = toolchain::host(rust)?;
    let sysroot = toolchain::output(Command::new(&rust.rustc).args(["--print", "sysroot"]))?;
    let sysroot = Path::new(sysroot.trim_end());
    link(&sysroot.join("lib/rustlib").join(host), &rustlib.join(host))?;
    let clippy_driver = extras(layout, sysroot, dir)?;
    headers(layout, &ours.join("include"))?;
    let file = layout.target_file();
    replace(&file, &ours.join(TRIPLE).with_extension("json"))?;
    let record = Record {
        rustc: &rust.rustc,
        rustdoc: &rust.rustdoc,
        cargo: &rust.cargo,
        clippy_driver,
        sysroot_hash,
        c: toolchain::c_compiler(&Machine::this(layout), host),
    };
    let place = dir.join("lib/plan9.toml");
    let shims = ["rustc", "rustdoc"].map(|name| dir.join("bin").join(name));
    keep(&place, &toml::to_string(&record)?, &shims)
        .with_context(|| format!("{} is not writable", place.display()))
}

/// What the compiler beneath may have, as far as it does; the place of clippy's driver.
fn extras(layout: &Layout, sysroot: &Path, dir: &Path) -> Result<Option<PathBuf>> {
    for name in LINKED {
        let (real, place) = (sysroot.join(name), dir.join(name));
        if real.is_file() {
            if let Some(folder) = place.parent() {
                fs::create_dir_all(folder)
                    .with_context(|| format!("{} cannot be made", folder.display()))?;
            }
            link(&real, &place)?;
        }
    }
    let source = dir.join(SOURCE);
    if let Some(folder) = source.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    link(&layout.overlaid_library(), &source)?;
    let clippy = CLIPPY.map(|name| sysroot.join("bin").join(name));
    if !clippy.iter().all(|real| real.is_file()) {
        return Ok(None);
    }
    for name in CLIPPY {
        replace(&layout.tools().join("rustc-shim"), &dir.join("bin").join(name))?;
    }
    let [driver, _] = clippy;
    Ok(Some(driver))
}

/// Headers that a freestanding C compiler must have and gcc has not without a C library.
fn headers(layout: &Layout, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
    let from = layout.targets().join("include");
    for entry in fs::read_dir(&from).with_context(|| format!("{} is unreadable", from.display()))? {
        let entry = entry?;
        replace(&entry.path(), &dir.join(entry.file_name()))?;
    }
    Ok(())
}

/// Writes the record if it differs. Cargo asks the compiler for its version, and so for the sysroot's hash, again only
/// when the compiler's file has a new time: the shims get one.
fn keep(place: &Path, text: &str, shims: &[PathBuf]) -> io::Result<()> {
    if fs::read_to_string(place).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(place, text)?;
    shims.iter().try_for_each(|shim| File::open(shim)?.set_modified(SystemTime::now()))
}

/// Copies over a file that may be running, if it differs: a new file under the old name.
fn replace(from: &Path, to: &Path) -> Result<()> {
    if let (Ok(old), Ok(new)) = (fs::read(to), fs::read(from))
        && old == new
    {
        return Ok(());
    }
    let new = to.with_extension("new");
    fs::copy(from, &new)
        .with_context(|| format!("{} cannot be copied to {}", from.display(), new.display()))?;
    fs::rename(&new, to).with_context(|| format!("{} is not writable", to.display()))
}

fn link(to: &Path, at: &Path) -> Result<()> {
    if fs::read_link(at).is_ok_and(|old| old == to) {
        return Ok(());
    }
    if at.symlink_metadata().is_ok() {
        fs::remove_file(at).with_context(|| format!("{} cannot be replaced", at.display()))?;
    }
    symlink(to, at).with_context(|| format!("{} cannot be made", at.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_new_record_gives_the_shims_a_new_time_and_the_same_record_none() {
        let dir = tempfile::tempdir().unwrap();
        let (record, shim) = (dir.path().join("plan9.toml"), dir.path().join("rustc"));
        fs::write(&shim, "").unwrap();
        let old = SystemTime::now() - Duration::from_secs(3600);
        let time = || fs::metadata(&shim).unwrap().modified().unwrap();
        File::open(&shim).unwrap().set_modified(old).unwrap();
        for (text, newer) in [("1", true), ("1", false), ("2", true)] {
            File::open(&shim).unwrap().set_modified(old).unwrap();
            keep(&record, text, std::slice::from_ref(&shim)).unwrap();
            assert_eq!(time() > old, newer, "{text}");
            assert_eq!(fs::read_to_string(&record).unwrap(), text);
        }
    }

    #[test]
    fn a_tool_that_stayed_is_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::write(&from, "1").unwrap();
        replace(&from, &to).unwrap();
        let old = SystemTime::now() - Duration::from_secs(3600);
        File::open(&to).unwrap().set_modified(old).unwrap();
        replace(&from, &to).unwrap();
        assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), old);
        fs::write(&from, "2").unwrap();
        replace(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "2");
    }
}
