//! A compiler of the right version with its library source, found where users have one, or installed.
//!
//! `machine` asks what is there, `choice` decides, `install` does what has to be done.

mod c;
mod choice;
mod install;
mod machine;
#[cfg(test)]
mod tests;

pub use c::{C, c_compiler};
pub use choice::{Choice, choose, mend};
pub use machine::{Compiler, Facts, Machine, output};

use crate::layout::Layout;
use crate::overlay;
use anyhow::{Context, Result, ensure};
use std::env;
use std::path::PathBuf;
use std::process::Command;

/// A compiler with everything that a sysroot needs.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// The compiler to build with; installs one where none is there.
pub fn find_or_install(layout: &Layout) -> Result<Rust> {
    let rust = install::find_or_install(&Machine::this(layout))?;
    let releases = overlay::releases(&layout.own_library())?;
    if !releases.contains(&rust.version) {
        println!(
            "x: the fork fits Rust {}; trying {} and listing what does not fit",
            releases.join(", "),
            rust.version
        );
    }
    Ok(rust)
}

/// The compiler to build with, if it is there.
pub fn found(layout: &Layout) -> Option<Rust> {
    match choose(&Machine::this(layout).facts()) {
        Choice::Use(rust) => Some(rust),
        Choice::Refuse(_) | Choice::Install(_) => None,
    }
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

/// Where a toolchain of rustup's keeps the compiler's libraries, which rustup's own cargo is told: rustc-dev puts a copy of
/// the compiler where build scripts load from, and that copy finds no LLVM.
pub fn libraries(rust: &Rust) -> Option<PathBuf> {
    let folder = rust.rustc.parent()?.parent()?.join("lib");
    let mut names = folder.read_dir().ok()?.filter_map(|entry| Some(entry.ok()?.file_name()));
    names.any(|name| name.to_string_lossy().starts_with("librustc_driver")).then_some(folder)
}

/// A line of `rustc -vV`, without its name.
fn field<'a>(verbose: &'a str, name: &str) -> Option<&'a str> {
    verbose.lines().find_map(|line| line.strip_prefix(name))
}

/// Where a rustup toolchain keeps its own linker, which rustc puts on the linker's PATH.
pub fn tool_folder(rust: &Rust) -> Option<PathBuf> {
    let library = output(Command::new(&rust.rustc).args(["--print", "target-libdir"])).ok()?;
    Some(PathBuf::from(library.trim_end()).with_file_name("bin"))
}

/// The host's triple, as the compiler says it.
pub fn host(rust: &Rust) -> Result<&str> {
    let host = field(&rust.verbose, "host: ")
        .with_context(|| format!("{} -vV names no host", rust.rustc.display()))?;
    ensure!(!host.is_empty(), "{} -vV names an empty host", rust.rustc.display());
    Ok(host)
}
