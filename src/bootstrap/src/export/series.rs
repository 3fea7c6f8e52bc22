//! Which of our files and hooks belong to which commit, and what each commit therefore holds.
//!
//! A file that is hooked for two commits gets in the first the hooks of the first alone. Every hook is looked up in
//! pristine text, so the last commit has what `x build` lays over the library.

use super::git::Commit;
use crate::layout::Layout;
use crate::overlay::{self, Hook, Own, Purpose, Source};
use anyhow::{Context, Result, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// One commit: what it says, and the folders or files that it takes, relative to rust-lang/rust.
pub struct Part {
    pub subject: &'static str,
    pub body: &'static str,
    paths: &'static [&'static str],
}

/// The commits, in order. A path belongs to the one that names the longest part of it.
pub const PARTS: &[Part] = &[
    Part {
        subject: "Add the target x86_64-unknown-plan9",
        body: "Tier 3, for 9front on 64-bit PCs: static programs at a fixed address, without a red zone\n\
            because the kernel pushes notes onto the program's stack. The linker plan9-ld makes Plan 9's\n\
            executables from ELF.",
        paths: &["compiler", "src/bootstrap", "src/doc", "tests"],
    },
    Part {
        subject: "Add plan9-abi, the kernel's interface",
        body: "System calls, notes, Ureg, Tos and Dir in one crate without alloc, so that every number and\n\
            offset stands once and can be tested on another system.",
        paths: &["library/plan9-abi", "library/Cargo.lock"],
    },
    Part {
        subject: "Unwind and print backtraces on Plan 9",
        body: "There is no C library to unwind with: the crate unwinding does it, as for xous. Names come from\n\
            the symbol table of the executable.",
        paths: &[
            "library/unwind",
            "library/panic_unwind",
            "library/backtrace",
            "library/std/src/sys/personality",
        ],
    },
    Part {
        subject: "std: start-up, threads, notes and time on Plan 9",
        body: "Threads are procs that share memory, locks are futexes over semaphores, and a deadline is a note\n\
            to the proc that is late.",
        paths: &["library/std", "library/compiler-builtins"],
    },
    Part {
        subject: "std: files, processes and the network on Plan 9",
        body: "Conversations are files under /net. Timeouts of sockets are built on deadlines.",
        paths: &[
            "library/std/src/sys/fd",
            "library/std/src/sys/fs",
            "library/std/src/sys/net",
            "library/std/src/sys/pipe",
            "library/std/src/sys/process",
            "library/alloc/src/io",
        ],
    },
    Part {
        subject: "std: os::fd and os::plan9",
        body: "What of Plan 9's interface programs ask for by name.",
        paths: &["library/std/src/os"],
    },
    Part {
        subject: "std: compile the tests on Plan 9",
        body: "Tests take for granted what their lists of systems do not say. No test is left out here.",
        paths: &[TESTS],
    },
];

/// Where hooks stand that only tests need, in no folder of upstream's.
const TESTS: &str = "only tests";

/// The fork's places.
pub struct Fork {
    /// Laid over upstream's `library/`.
    pub library: PathBuf,
    /// What else rust-lang/rust needs, at its paths, with hooks in `*.toml`.
    pub upstream: PathBuf,
    /// The page on the platform.
    pub page: PathBuf,
}

/// Where the page lies upstream.
const PAGE: &str = "src/doc/rustc/src/platform-support/plan9.md";

impl Fork {
    /// This repository's.
    pub fn of(layout: &Layout) -> Self {
        Self {
            library: layout.own_library(),
            upstream: layout.targets().join("upstream"),
            page: layout.root.join("src/doc/platform-support/plan9.md"),
        }
    }

    /// Our own files by their paths in rust-lang/rust, and all hooks with such paths.
    fn pieces(&self, release: &str) -> Result<(BTreeMap<PathBuf, Source>, Vec<Hook>)> {
        let own = Own::new(&self.library, release)?;
        let mut files = BTreeMap::from([(PathBuf::from(PAGE), Source::Copy(self.page.clone()))]);
        for file in overlay::own_files(&self.library)? {
            if !file.starts_with("hooks") && !file.starts_with(overlay::VERSIONS) {
                files.insert(Path::new("library").join(&file), own.source(&file));
            }
        }
        for file in overlay::own_files(&self.upstream)? {
            if file.extension().is_none_or(|extension| extension != "toml") {
                files.insert(file.clone(), Source::Copy(self.upstream.join(&file)));
            }
        }
        let mut hooks = own.hooks()?;
        for hook in &mut hooks {
            hook.file = Path::new("library").join(&hook.file);
        }
        hooks.extend(overlay::read_hooks(&self.upstream)?);
        Ok((files, hooks))
    }
}

/// The commits for a checkout.
pub struct Series {
    pub commits: Vec<Commit>,
    /// What of the fork has no place there.
    pub lacking: Vec<String>,
}

/// The commits for what `dir` holds, which must be pristine. Parts of rust-lang/rust other than the library may be missing.
pub fn work_out(fork: &Fork, dir: &Path, release: &str) -> Result<Series> {
    // Finds what does not fit in the library as a whole, with the overlay's own messages.
    overlay::plan(&dir.join("library"), &fork.library, release, Purpose::Tests)?;
    let (files, hooks) = fork.pieces(release)?;
    let mut lacking = BTreeSet::new();
    let mut contents: Vec<BTreeMap<PathBuf, Vec<u8>>> =
        PARTS.iter().map(|_| BTreeMap::new()).collect();
    for (file, from) in &files {
        let (part, to) = (part_of(file, false)?, dir.join(file));
        ensure!(!to.exists(), "{} is there already; take a pristine checkout", to.display());
        if !file.starts_with("library") && !to.parent().is_some_and(Path::is_dir) {
            lacking.insert(shown(file));
            continue;
        }
        contents[part].insert(file.clone(), from.bytes()?);
    }
    let mut by_file: BTreeMap<&Path, Vec<(usize, &Hook)>> = BTreeMap::new();
    for hook in &hooks {
        let part = part_of(&hook.file, hook.tests_only)?;
        by_file.entry(&hook.file).or_default().push((part, hook));
    }
    for (file, hooks) in by_file {
        let from = dir.join(file);
        if !from.is_file() {
            lacking.insert(shown(file));
            continue;
        }
        let pristine = fs::read_to_string(&from)
            .with_context(|| format!("{} cannot be read", from.display()))?;
        for part in hooks.iter().map(|(part, _)| *part).collect::<BTreeSet<_>>() {
            let so_far: Vec<&Hook> =
                hooks.iter().filter(|(of, _)| *of <= part).map(|(_, hook)| *hook).collect();
            let text = overlay::apply(&pristine, &so_far)?;
            contents[part].insert(file.to_path_buf(), text.into_bytes());
        }
    }
    let commits = PARTS
        .iter()
        .zip(contents)
        .filter(|(_, files)| !files.is_empty())
        .map(|(part, files)| Commit { subject: part.subject, body: part.body, files })
        .collect();
    Ok(Series { commits, lacking: lacking.into_iter().collect() })
}

fn shown(file: &Path) -> String {
    file.display().to_string()
}

/// The place in [`PARTS`] of the commit that a file, or a hook on it, belongs to.
fn part_of(file: &Path, tests_only: bool) -> Result<usize> {
    let file = if tests_only { Path::new(TESTS) } else { file };
    let depth = |path: &str| Path::new(path).components().count();
    PARTS
        .iter()
        .enumerate()
        .flat_map(|(place, part)| part.paths.iter().map(move |path| (place, *path)))
        .filter(|(_, path)| file.starts_with(path))
        .max_by_key(|(_, path)| depth(path))
        .map(|(place, _)| place)
        .with_context(|| {
            format!("{} belongs to no commit; name its folder in export/series.rs", file.display())
        })
}
