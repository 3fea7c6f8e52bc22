//! What is on this machine, asked without changing anything.
//!
//! Every command is looked for on one PATH that is given, so that tests can put others in its place.

use super::Rust;
use crate::layout::{Layout, RUST_VERSION};
use crate::overlay;
use anyhow::{Context, Result, bail};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where to look, and for what.
pub struct Machine {
    /// The version of Rust, as rustup names it.
    pub wanted: String,
    /// Releases that will do as well where that one cannot be got, newest first.
    pub others: Vec<String>,
    /// The search path for commands.
    pub path: OsString,
    /// `PLAN9_RUSTC`, a compiler that the user names.
    pub named: Option<PathBuf>,
    /// Where Debian's packages put the compiler.
    pub debian: PathBuf,
    /// The folder of Debian's library source, to which the version is added.
    pub debian_source: PathBuf,
}

/// A compiler that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiler {
    /// Of any version, with all that a sysroot needs.
    Whole(Rust),
    /// What it lacks, with the mend.
    Lacking(String),
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// As in [`Machine`].
    pub wanted: String,
    pub others: Vec<String>,
    pub named: Option<Compiler>,
    pub rustup: bool,
    /// rustup's toolchain of the wanted version: its full name, and the compiler in it.
    pub toolchain: Option<(String, Compiler)>,
    pub debian: Option<Compiler>,
    /// rustup's toolchains of the other versions.
    pub older: Vec<Compiler>,
    pub apt: bool,
    pub root: bool,
}

impl Machine {
    /// The one that we run on. A version that is named on the command line comes before a compiler that the environment
    /// names.
    pub fn this(layout: &Layout) -> Self {
        let named = env::var_os("PLAN9_RUSTC").map(PathBuf::from);
        // A version's file that cannot be read is told when one is laid over.
        let releases = overlay::releases(&layout.own_library()).unwrap_or_default();
        let others = releases.into_iter().rev().filter(|release| {
            layout.rust.is_none() && release != RUST_VERSION && !release.contains('-')
        });
        Self {
            others: others.collect(),
            wanted: layout.rust.clone().unwrap_or_else(|| RUST_VERSION.to_owned()),
            path: env::var_os("PATH").unwrap_or_default(),
            named: named.filter(|_| layout.rust.is_none()),
            debian: PathBuf::from("/usr/bin/rustc"),
            debian_source: PathBuf::from("/usr/src/rustc-"),
        }
    }

    /// A command of this machine.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.env("PATH", &self.path);
        command
    }

    /// The file that a name stands for.
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        env::split_paths(&self.path).map(|folder| folder.join(name)).find(|file| file.is_file())
    }

    /// Everything that the choice of a compiler rests on.
    pub fn facts(&self) -> Facts {
        let root = output(self.command("id").arg("-u")).is_ok_and(|text| text.trim() == "0");
        let named = self.named.as_deref().map(|rustc| self.compiler(rustc, "PLAN9_RUSTC"));
        Facts {
            wanted: self.wanted.clone(),
            others: self.others.clone(),
            named,
            rustup: self.find("rustup").is_some(),
            toolchain: self.toolchain(&self.wanted),
            older: self
                .others
                .iter()
                .filter_map(|version| self.toolchain(version))
                .map(|(_, compiler)| compiler)
                .collect(),
            debian: self.debian.is_file().then(|| self.compiler(&self.debian, "Debian's packages")),
            apt: self.find("apt-get").is_some(),
            root,
        }
    }

    /// The installed toolchain of a version: that of its name, or `stable` if it is that one. The list is asked first:
    /// `rustup which` may install one unasked.
    fn toolchain(&self, version: &str) -> Option<(String, Compiler)> {
        let list = output(self.command("rustup").args(["toolchain", "list"])).ok()?;
        let named = |version: &str| {
            let line = list.lines().find(|line| is_of(line, version))?;
            line.split_whitespace().next()
        };
        let rustc = |name: &str| {
            output(self.command("rustup").args(["which", "--toolchain", name, "rustc"]))
        };
        let is_it = |name: &&str| {
            let verbose =
                rustc(name).and_then(|rustc| output(Command::new(rustc.trim_end()).arg("-vV")));
            verbose.is_ok_and(|text| super::field(&text, "release: ") == Some(version))
        };
        let name = named(version).or_else(|| named("stable").filter(is_it))?;
        let compiler = match rustc(name) {
            Ok(rustc) => self.compiler(Path::new(rustc.trim_end()), "rustup"),
            Err(error) => Compiler::Lacking(format!("{error:#}")),
        };
        Some((name.to_owned(), compiler))
    }

    fn compiler(&self, rustc: &Path, found: &'static str) -> Compiler {
        match self.examine(rustc, found) {
            Ok(rust) => Compiler::Whole(rust),
            Err(error) => Compiler::Lacking(format!("{error:#}")),
        }
    }

    fn examine(&self, rustc: &Path, found: &'static str) -> Result<Rust> {
        let verbose = output(Command::new(rustc).arg("-vV"))
            .with_context(|| format!("{found} gives {}, which is no compiler", rustc.display()))?;
        let version = super::field(&verbose, "release: ")
            .with_context(|| format!("{} -vV names no release", rustc.display()))?
            .to_owned();
        let sysroot = output(Command::new(rustc).args(["--print", "sysroot"]))?;
        let sysroot = PathBuf::from(sysroot.trim_end());
        let mut debian = self.debian_source.clone().into_os_string();
        debian.push(&version);
        let library = [sysroot.join("lib/rustlib/src/rust"), debian.into()]
            .into_iter()
            .map(|dir| dir.join("library"))
            .find(|dir| dir.join("std/Cargo.toml").is_file());
        let library = library.with_context(|| {
            format!(
                "{} {version} has no library source; `rustup component add rust-src --toolchain {version}`, or install \
                 rust-web-src",
                rustc.display()
            )
        })?;
        let beside = |name: &str| -> Result<PathBuf> {
            let places = [sysroot.join("bin").join(name), rustc.with_file_name(name)];
            let place = places.into_iter().find(|path| path.is_file());
            place
                .with_context(|| format!("{} has no {name} beside it; install it", rustc.display()))
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
}

/// Whether a toolchain's full name, which ends in a host, is that version for some host; `nightly` is no nightly with a
/// date.
pub fn is_of(full: &str, version: &str) -> bool {
    let rest = full.strip_prefix(version).and_then(|rest| rest.strip_prefix('-'));
    rest.is_some_and(|host| !host.starts_with(|first: char| first.is_ascii_digit()))
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
