//! The overlaid tree, worked out before anything is written: which file comes from where, with what text.

use super::hook::{self, Hook};
use super::manifest;
use super::misfit::{Misfit, apply_fitting};
use super::place::Count;
use super::source::{Source, listed};
use super::version::{Own, VERSIONS};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::mem;
use std::path::{Path, PathBuf};

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

/// Plans `upstream` (the pristine `library/` of a release) with `own` (our `library/`) laid over it. Everything that
/// does not fit is told at once.
pub fn plan(upstream: &Path, own: &Path, release: &str, purpose: Purpose) -> Result<Plan> {
    let (plan, misfits) = attempt(upstream, own, release, purpose)?;
    match &misfits[..] {
        [] => Ok(plan),
        [only] => bail!("{}", only.why),
        all => {
            let list: Vec<String> = all.iter().map(Misfit::to_string).collect();
            bail!(
                "{} of our changes do not fit Rust {release}; `x follow` drafts a file of library/{VERSIONS} that \
                 mends them\n{}",
                all.len(),
                list.join("\n")
            );
        }
    }
}

/// The plan as far as everything fits, and what does not.
pub fn attempt(
    upstream: &Path,
    library: &Path,
    release: &str,
    purpose: Purpose,
) -> Result<(Plan, Vec<Misfit>)> {
    let mut own = Own::new(library, release)?;
    let mut misfits = mem::take(&mut own.misfits);
    let mut files: BTreeMap<_, _> = listed(upstream)?
        .into_iter()
        .map(|file| (file.clone(), Source::Copy(upstream.join(file))))
        .collect();
    ensure!(
        files.contains_key(Path::new("std/Cargo.toml")),
        "{} is no library source of Rust",
        upstream.display()
    );

    let hooks = own.hooks()?;
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
        if !files.contains_key(file) {
            let missing = |hook: &&Hook| Misfit::missing_file(hook, files.keys());
            misfits.extend(hooks.iter().map(missing));
            if hooks.is_empty() {
                let why = format!(
                    "{} (in the list of cuts) is not in upstream's library; mend the list",
                    file.display()
                );
                misfits.push(Misfit::of_file(file, why));
            }
            continue;
        }
        let path = upstream.join(file);
        let mut text = apply_fitting(&hook::read(&path)?, &hooks, &mut misfits)?;
        let name = file.to_str().context("a hooked file has a name that is not UTF-8")?;
        if purpose == Purpose::Sysroot {
            match manifest::cut(name, &text) {
                Ok(cut) => text = cut,
                Err(why) => misfits.push(Misfit::of_file(file, format!("{why:#}"))),
            }
        }
        files.insert(file.to_path_buf(), Source::Text(text));
    }

    let mut own_count = 0;
    for file in listed(library)? {
        if file.starts_with("hooks") || file.starts_with(VERSIONS) {
            continue;
        }
        if files.contains_key(&file) {
            let why = format!(
                "{}: our own file exists upstream too; extend upstream's by a hook, or choose another name",
                file.display()
            );
            misfits.push(Misfit::of_file(&file, why));
            continue;
        }
        own_count += 1;
        let source = own.source(&file);
        files.insert(file, source);
    }
    Ok((Plan { files, count, hooked, own: own_count }, misfits))
}

#[cfg(test)]
mod tests;
