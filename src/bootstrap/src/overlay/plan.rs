//! The overlaid tree, worked out before anything is written: which file comes from where, with what text.

use super::hook::{self, Hook};
use super::manifest;
use super::place::{self, Count};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Where one file of the overlaid tree comes from.
#[derive(Debug)]
pub enum Source {
    /// Copied as it is, from upstream or from us.
    Copy(PathBuf),
    /// Upstream's text with hooks or cuts.
    Text(String),
}

/// The whole overlaid tree.
#[derive(Debug)]
pub struct Plan {
    /// By path relative to `library/`.
    pub files: BTreeMap<PathBuf, Source>,
    /// Upstream's lines that are ours.
    pub count: Count,
    /// How many upstream files have hooks.
    pub hooked: usize,
    /// How many files are ours alone.
    pub own: usize,
}

/// What the tree is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// std as users get it; the manifests are cut so that it resolves with the vendored crates alone.
    Sysroot,
    /// Upstream's own test suites: whole manifests, and cargo gets what they name from the registry.
    Tests,
}

/// Plans `upstream` (a pristine `library/`) with `own` (our `library/`) laid over it.
pub fn plan(upstream: &Path, own: &Path, purpose: Purpose) -> Result<Plan> {
    let mut files: BTreeMap<_, _> = listed(upstream)?
        .into_iter()
        .map(|file| (file.clone(), Source::Copy(upstream.join(file))))
        .collect();
    ensure!(
        files.contains_key(Path::new("std/Cargo.toml")),
        "{} is no library source of Rust",
        upstream.display()
    );

    let hooks = hook::read_all(&own.join("hooks"))?;
    let mut by_file: BTreeMap<&Path, Vec<&Hook>> = BTreeMap::new();
    let mut count = Count::default();
    for hook in &hooks {
        count.take(hook);
        by_file.entry(&hook.file).or_default().push(hook);
    }
    match purpose {
        Purpose::Sysroot => {
            for file in manifest::cut_files() {
                by_file.entry(Path::new(file)).or_default();
            }
        }
        Purpose::Tests => files.retain(|file, _| !file.starts_with("vendor")),
    }
    let hooked = by_file.values().filter(|hooks| !hooks.is_empty()).count();
    for (file, hooks) in by_file {
        let origin = hooks.first().map_or(Path::new("the list of cuts"), |hook| &hook.origin);
        ensure!(
            files.contains_key(file),
            "{} (hook in {}) is not in upstream's library; mend the hook's `file`",
            file.display(),
            origin.display()
        );
        let path = upstream.join(file);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let text = place::apply(&text, &hooks)?;
        let name = file.to_str().context("a hooked file has a name that is not UTF-8")?;
        let text = match purpose {
            Purpose::Sysroot => manifest::cut(name, &text)?,
            Purpose::Tests => text,
        };
        files.insert(file.to_path_buf(), Source::Text(text));
    }

    let mut own_count = 0;
    for file in listed(own)? {
        if file.starts_with("hooks") {
            continue;
        }
        ensure!(
            !files.contains_key(&file),
            "{}: our own file exists upstream too; extend upstream's by a hook, or choose another name",
            file.display()
        );
        own_count += 1;
        files.insert(file.clone(), Source::Copy(own.join(file)));
    }
    Ok(Plan { files, count, hooked, own: own_count })
}

/// Every file below the directory, relative to it. Build output and editors' files are not source.
pub fn listed(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let walk = WalkDir::new(dir).follow_links(true).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || !is_litter(entry)) {
        let entry = entry.with_context(|| format!("{} cannot be listed", dir.display()))?;
        if entry.file_type().is_file() {
            files.push(entry.path().strip_prefix(dir)?.to_path_buf());
        }
    }
    Ok(files)
}

fn is_litter(entry: &walkdir::DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    name.ends_with('~') || name.ends_with(".swp") || (entry.depth() == 1 && name == "target")
}

#[cfg(test)]
mod tests;
