//! Where everything lies, in one place, because tests, tools and users rely on these paths.
//!
//! All output goes under `build/`, or the directory `PLAN9_BUILD_DIR` names, so that two builds of one tree can run
//! side by side.

use anyhow::{Context, Result, bail};
use std::env;
use std::path::{Path, PathBuf, absolute};

/// The target's name, which is also the name of its JSON file and of its directory in a sysroot.
pub const TRIPLE: &str = "x86_64-unknown-plan9";

/// The upstream version the hooks and own files are written for.
pub const RUST_VERSION: &str = "1.96.0";

/// The program that lets a Plan 9 machine run programs for `plan9-run --on`, built from `src/tools`.
pub const SERVER: &str = "plan9-remote";

/// The repository's root and the build directory.
pub struct Layout {
    pub root: PathBuf,
    pub build: PathBuf,
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
        Ok(Self { root: root.to_path_buf(), build })
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

    /// The machine's flag that puts them where programs look for commands.
    pub fn bind_commands(&self) -> String {
        format!("--bind={}:/bin", self.commands().display())
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
