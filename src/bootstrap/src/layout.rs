//! Where everything lies, in one place, because tests, tools and users rely on these paths; which Rust is built with, and
//! which machine programs run on.
//!
//! All output goes under `build/`, or the directory `PLAN9_BUILD_DIR` names, so that two builds of one tree can run
//! side by side.

use crate::machine::Machine;
use crate::served::Served;
use anyhow::{Context, Result, bail};
use std::env;
use std::path::{Path, PathBuf, absolute};

/// The target's name, which is also the name of its JSON file and of its directory in a sysroot.
pub const TRIPLE: &str = "x86_64-unknown-plan9";

/// The upstream version the hooks and own files are written for.
pub const RUST_VERSION: &str = "1.99.1";

/// The program that lets a Plan 9 machine run programs for `plan9-run --on`, built from `src/tools`.
pub const SERVER: &str = "plan9-remote";

/// The repository's root, the build directory, the version of Rust, and the machine that programs run on.
pub struct Layout {
    pub root: PathBuf,
    pub build: PathBuf,
    /// The version that the user names, as rustup does.
    pub rust: Option<String>,
    pub machine: Machine,
}

impl Layout {
    /// Finds the root from `PLAN9_ROOT` (set by the script `x`), else upwards from the current directory.
    pub fn find() -> Result<Self> {
        let start = match env::var_os("PLAN9_ROOT") {
            Some(root) => PathBuf::from(root),
            None => env::current_dir()
                .context("the current directory cannot be read; change to the repository")?,
        };
        let Some(root) =
            start.ancestors().find(|dir| dir.join("library/plan9-abi/Cargo.toml").is_file())
        else {
            bail!(
                "{} is not inside the repository; change to it, or use its script `x`",
                start.display()
            );
        };
        let build = match env::var_os("PLAN9_BUILD_DIR") {
            Some(dir) => {
                absolute(dir).context("PLAN9_BUILD_DIR is empty; name a directory or unset it")?
            }
            None => root.join("build"),
        };
        Ok(Self::new(root.to_path_buf(), build))
    }

    /// Of these two, with the fork's own version of Rust and the embedded machine.
    pub fn new(root: PathBuf, build: PathBuf) -> Self {
        Self { root, build, rust: None, machine: Machine::default() }
    }

    /// The same with another machine.
    pub fn on(&self, machine: Machine) -> Self {
        Self {
            root: self.root.clone(),
            build: self.build.clone(),
            rust: self.rust.clone(),
            machine,
        }
    }

    /// The same with another version of Rust, if one is named.
    pub fn with_rust(self, rust: Option<String>) -> Self {
        Self { rust, ..self }
    }

    /// Starts a machine with the tools that are built, which knows the names of the golden one.
    pub fn served(&self) -> Result<Served> {
        let ndb = self.root.join("tests/conformance/golden/csdns.ndb");
        Served::start(&self.tools(), &self.server(), &ndb)
            .context("plan9-remote cannot be started in plan9-run")
    }

    /// Our own library files, laid out as in rust-lang/rust.
    pub fn own_library(&self) -> PathBuf {
        self.root.join("library")
    }

    /// What compilers have to know of the target.
    pub fn targets(&self) -> PathBuf {
        self.root.join("targets")
    }

    /// The target's file.
    pub fn target_file(&self) -> PathBuf {
        self.targets().join(TRIPLE).with_extension("json")
    }

    /// Upstream's library with ours laid over it.
    pub fn overlaid_library(&self) -> PathBuf {
        self.build.join("rust-src/library")
    }

    /// The same with whole manifests, which only upstream's own test suites need.
    pub fn tests_library(&self) -> PathBuf {
        self.build.join("rust-src-tests/library")
    }

    /// Cargo's target directory for the sysroot; its crate hashes must not mix with the host's.
    pub fn sysroot_target(&self) -> PathBuf {
        self.build.join("sysroot-target")
    }

    /// Finished host tools.
    pub fn tools(&self) -> PathBuf {
        self.build.join("tools")
    }

    /// Programs of Plan 9's that tests run.
    pub fn commands(&self) -> PathBuf {
        self.build.join("test/bin")
    }

    /// plan9-run's flags that put them where programs look for commands.
    pub fn bind_commands(&self) -> Vec<String> {
        let folder = self.commands();
        match self.machine.is_embedded() {
            true => vec![format!("--bind={}:/bin", folder.display())],
            false => vec![format!("--send={}=bin", folder.display()), "--bind=bin:/bin".into()],
        }
    }

    /// The directory that `rustup toolchain link plan9` is given.
    pub fn toolchain(&self) -> PathBuf {
        self.build.join("toolchain")
    }

    /// The executable for Plan 9 that answers `plan9-run --on`.
    pub fn server(&self) -> PathBuf {
        self.toolchain().join("share/plan9").join(SERVER)
    }

    /// A second toolchain directory, whose std is built with the one that std's own tests are compiled with.
    pub fn tests_toolchain(&self) -> PathBuf {
        self.build.join("tests-toolchain")
    }
}

/// The path as the user would write it: relative to the root where that is shorter.
pub fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
