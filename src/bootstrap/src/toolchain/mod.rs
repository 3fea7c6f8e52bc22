//! A compiler of the right version with its library source, found where users have one.
//!
//! Order: `PLAN9_RUSTC`; a rustup toolchain of that version with `rust-src`; Debian's packages. Nothing is installed
//! here: see `install`.

pub mod install;

use crate::layout::RUST_VERSION;
use anyhow::{Context, Result, bail, ensure};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A compiler with everything that a sysroot needs.
#[derive(Debug, Clone)]
pub struct Rust {
    pub rustc: PathBuf,
    pub cargo: PathBuf,
    pub rustdoc: PathBuf,
    /// The pristine `library/` directory.
    pub library: PathBuf,
    /// As rustc prints it, such as `1.96.0`.
    pub version: String,
    /// The whole of `rustc -vV`, which names the commit.
    pub verbose: String,
    /// How it was found, for messages.
    pub found: &'static str,
}

impl Rust {
    /// The vendored crates beside the library, where the source brings them (Debian's does, rustup's does not).
    pub fn vendor(&self) -> Option<PathBuf> {
        Some(self.library.join("vendor")).filter(|dir| dir.is_dir())
    }
}

/// The first compiler that fits, or `None` where none is installed. A `PLAN9_RUSTC` that does not fit is an error.
pub fn find() -> Result<Option<Rust>> {
    if let Some(rustc) = env::var_os("PLAN9_RUSTC") {
        return from_rustc(Path::new(&rustc), "PLAN9_RUSTC").map(Some);
    }
    // One that is there and does not fit is as good as none: the next place is tried.
    Ok(rustup_rustc().and_then(|rustc| from_rustc(&rustc, "rustup").ok()).or_else(debian))
}

/// As `find`, installing a compiler where none is there.
pub fn find_or_install() -> Result<Rust> {
    if let Some(rust) = find()? {
        if rust.version != RUST_VERSION {
            println!(
                "x: the fork fits Rust {RUST_VERSION}; trying {} and stopping at what does not fit",
                rust.version
            );
        }
        return Ok(rust);
    }
    install::install()?;
    find()?.context("the compiler that was just installed was not found; set PLAN9_RUSTC to it")
}

/// The user's own cargo, for what is built for the host: the one that runs us, else the one on PATH.
pub fn user_cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// What the user set for own projects must not change the hashes of std's crates.
pub fn forget_users_flags(cargo: &mut Command) {
    for name in [
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_BUILD_RUSTC_WRAPPER",
        "RUSTC_WRAPPER",
        "RUSTFLAGS",
        // Set by rustup's cargo, which runs us: a proxy would then choose another compiler.
        "RUSTUP_TOOLCHAIN",
    ] {
        cargo.env_remove(name);
    }
}

/// The output of a command, or a sentence with its own complaint.
pub fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("{name} cannot be started"))?;
    if !output.status.success() {
        bail!("{name} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn from_rustc(rustc: &Path, found: &'static str) -> Result<Rust> {
    let verbose = output(Command::new(rustc).arg("-vV"))
        .with_context(|| format!("{found}: not a compiler"))?;
    let version = release(&verbose)
        .with_context(|| format!("{} -vV names no release", rustc.display()))?
        .to_owned();
    let sysroot =
        PathBuf::from(output(Command::new(rustc).args(["--print", "sysroot"]))?.trim_end());
    let library =
        [sysroot.join("lib/rustlib/src/rust"), PathBuf::from(format!("/usr/src/rustc-{version}"))]
            .into_iter()
            .map(|dir| dir.join("library"))
            .find(|dir| dir.join("std/Cargo.toml").is_file());
    let library = library.with_context(|| {
        format!(
            "{} has no library source; `rustup component add rust-src`, or install rust-web-src",
            rustc.display()
        )
    })?;
    let beside = |name: &str| -> Result<PathBuf> {
        let places = [sysroot.join("bin").join(name), rustc.with_file_name(name)];
        let place = places.into_iter().find(|path| path.is_file());
        place.with_context(|| format!("{} has no {name} beside it; install it", rustc.display()))
    };
    Ok(Rust {
        rustc: rustc.to_path_buf(),
        cargo: beside("cargo")?,
        rustdoc: beside("rustdoc")?,
        library,
        version,
        verbose,
        found,
    })
}

fn release(verbose: &str) -> Option<&str> {
    field(verbose, "release: ")
}

/// A line of `rustc -vV`, without its name.
fn field<'a>(verbose: &'a str, name: &str) -> Option<&'a str> {
    verbose.lines().find_map(|line| line.strip_prefix(name))
}

/// The compiler of an installed rustup toolchain. The list is asked first: `rustup which` may install one unasked.
fn rustup_rustc() -> Option<PathBuf> {
    let list = output(Command::new("rustup").args(["toolchain", "list"])).ok()?;
    let name = list.lines().find(|line| line.starts_with(&format!("{RUST_VERSION}-")))?;
    let name = name.split_whitespace().next()?;
    let rustc =
        output(Command::new("rustup").args(["which", "--toolchain", name, "rustc"])).ok()?;
    Some(PathBuf::from(rustc.trim_end()))
}

fn debian() -> Option<Rust> {
    let rust = from_rustc(Path::new("/usr/bin/rustc"), "Debian's packages").ok()?;
    (rust.version == RUST_VERSION).then_some(rust)
}

/// The host's triple, as the compiler says it.
pub fn host(rust: &Rust) -> Result<&str> {
    let host = field(&rust.verbose, "host: ")
        .with_context(|| format!("{} -vV names no host", rust.rustc.display()))?;
    ensure!(!host.is_empty(), "{} -vV names an empty host", rust.rustc.display());
    Ok(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_read_from_the_verbose_version() {
        assert_eq!(release("rustc 1.96.0 (abc)\nhost: x\nrelease: 1.96.0\n"), Some("1.96.0"));
        assert_eq!(release("rustc 1.96.0"), None);
    }

    #[test]
    fn a_command_that_fails_says_what_it_said() {
        let error = output(Command::new("sh").args(["-c", "echo no luck >&2; exit 3"]))
            .unwrap_err()
            .to_string();
        assert_eq!(error, "sh failed: no luck");
    }

    #[test]
    fn a_compiler_that_is_none_is_named() {
        let error = format!(
            "{:#}",
            from_rustc(Path::new("/nonexistent/rustc"), "PLAN9_RUSTC").unwrap_err()
        );
        assert!(error.contains("PLAN9_RUSTC") && error.contains("/nonexistent/rustc"), "{error}");
    }
}
