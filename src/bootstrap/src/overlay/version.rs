//! What one version of Rust needs that the others do not, so that one text of ours fits several versions.
//!
//! Our files and hooks are written for [`RUST_VERSION`]. `library/versions/NAME.toml`, named after rustup's toolchain,
//! holds what another version needs, in the form of the hooks. Those on a file of ours change that file; a file of
//! hooks is one too, so an anchor that differs in that version is changed there. The rest are hooks on upstream's files.

use super::hook::{self, Hook, LIBRARY};
use super::misfit::{self, Misfit};
use super::source::Source;
use crate::layout::RUST_VERSION;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folder beside the hooks.
pub const VERSIONS: &str = "versions";

/// Our own library, as one version of Rust needs it.
pub struct Own<'a> {
    library: &'a Path,
    /// The files that the version changes, with their changed text.
    changed: BTreeMap<PathBuf, String>,
    /// The version's own hooks on upstream's files.
    hooks: Vec<Hook>,
    /// The version's changes to our files that do not fit them.
    pub misfits: Vec<Misfit>,
}

impl<'a> Own<'a> {
    /// For the release that a compiler says it is. One that no file is for gets our files and hooks as they are.
    pub fn new(library: &'a Path, release: &str) -> Result<Self> {
        let hooks = of_release(library, release)?;
        let (changes, hooks): (Vec<Hook>, Vec<Hook>) =
            hooks.into_iter().partition(|hook| library.join(&hook.file).is_file());
        let mut by_file: BTreeMap<&Path, Vec<&Hook>> = BTreeMap::new();
        for change in &changes {
            by_file.entry(&change.file).or_default().push(change);
        }
        let mut own = Self { library, changed: BTreeMap::new(), hooks, misfits: Vec::new() };
        for (file, changes) in by_file {
            let text = hook::read(&library.join(file))?;
            let text = misfit::apply_fitting(&text, &changes, &mut own.misfits)?;
            own.changed.insert(file.to_path_buf(), text);
        }
        Ok(own)
    }

    /// One of our files.
    pub fn source(&self, file: &Path) -> Source {
        match self.changed.get(file) {
            Some(text) => Source::Text(text.clone()),
            None => Source::Copy(self.library.join(file)),
        }
    }

    /// All hooks on upstream's files.
    pub fn hooks(&self) -> Result<Vec<Hook>> {
        let mut hooks = Vec::new();
        for path in hook::files(&self.library.join("hooks"))? {
            let name = path.strip_prefix(self.library)?;
            let text = match self.changed.get(name) {
                Some(text) => text.clone(),
                None => hook::read(&path)?,
            };
            let parsed = hook::parse(&text, &Path::new(LIBRARY).join(name));
            hooks.extend(parsed.with_context(|| format!("mend {}", path.display()))?);
        }
        hooks.extend(self.hooks.iter().cloned());
        Ok(hooks)
    }
}

/// The releases that the fork fits, first that which our files are written for.
pub fn releases(library: &Path) -> Result<Vec<String>> {
    let others = all(library)?.into_iter().map(|version| version.release);
    Ok([RUST_VERSION.to_owned()].into_iter().chain(others).collect())
}

/// The hooks of a release's file, none where there is none.
pub fn of_release(library: &Path, release: &str) -> Result<Vec<Hook>> {
    let version = all(library)?.into_iter().find(|version| version.release == release);
    Ok(version.map_or(Vec::new(), |version| version.hooks))
}

/// What the file of every version says, in the order of their names.
fn all(library: &Path) -> Result<Vec<hook::Version>> {
    let mut versions: Vec<hook::Version> = Vec::new();
    for path in hook::files(&library.join(VERSIONS))? {
        let origin = Path::new(LIBRARY).join(path.strip_prefix(library)?);
        let version = hook::parse_version(&hook::read(&path)?, &origin)
            .with_context(|| format!("mend {}", path.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        ensure!(
            is_toolchain_of(&name, &version.release),
            "{} is for Rust {}; name the file after rustup's toolchain",
            path.display(),
            version.release
        );
        ensure!(
            version.release != RUST_VERSION
                && versions.iter().all(|other| other.release != version.release),
            "{}: Rust {} has a file already, or needs none; delete this one",
            path.display(),
            version.release
        );
        versions.push(version);
    }
    Ok(versions)
}

/// Whether rustup's toolchain of that name can be of the release: `1.99.1` is of 1.99.1, and `nightly-2026-10-30` is of
/// 1.101.0-nightly.
fn is_toolchain_of(name: &str, release: &str) -> bool {
    match release.split_once('-') {
        Some((_, channel)) => name.split('-').next() == channel.split('.').next(),
        None => name == release,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_a_toolchain_that_can_be_of_its_release() {
        for (name, release) in [
            ("1.99.1", "1.99.1"),
            ("nightly-2026-10-30", "1.101.0-nightly"),
            ("beta", "1.100.0-beta.3"),
        ] {
            assert!(is_toolchain_of(name, release), "{name}");
        }
        for (name, release) in
            [("1.99", "1.99.1"), ("1.101.0", "1.101.0-nightly"), ("nightly", "1.99.1")]
        {
            assert!(!is_toolchain_of(name, release), "{name}");
        }
    }
}
