//! The proof that the commits end in the tree that `x build` builds from.
//!
//! The compiler's pristine library becomes a repository, gets the series, and is compared file by file with the overlay:
//! as upstream's suites are built from it, and with the cut manifests as std is built from it. Only the lock file differs
//! by design, for in the overlay cargo writes it; there the packages that the series adds are compared by name.

use super::git::{Checkout, git};
use super::series::Fork;
use crate::layout::Layout;
use crate::overlay::{self, Plan, Purpose};
use crate::toolchain::Rust;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// What was compared.
#[derive(Debug)]
pub struct Checked {
    pub commits: usize,
    pub files: usize,
}

const LOCK: &str = "Cargo.lock";

/// Runs the proof in a temporary folder.
pub fn check(layout: &Layout, rust: &Rust) -> Result<Checked> {
    let fork = Fork::of(layout);
    let temporary = tempfile::tempdir().context("no temporary folder can be made")?;
    let dir = temporary.path();
    let pristine = pristine(&rust.library)?;
    for file in &pristine {
        let to = dir.join("library").join(file);
        fs::create_dir_all(to.parent().context("a file in no folder")?)?;
        fs::copy(rust.library.join(file), &to)
            .with_context(|| format!("{} cannot be made", to.display()))?;
    }
    repository(dir)?;
    let exported = super::write(&fork, &Checkout::open(dir)?, dir, &rust.version)?;
    let changes = git(dir, &["status", "--porcelain"])?;
    ensure!(changes.is_empty(), "the checkout differs from its commits:\n{changes}");
    let library = dir.join("library");
    let mut files = 0;
    for purpose in [Purpose::Tests, Purpose::Sysroot] {
        let plan = overlay::plan(&rust.library, &fork.library, &rust.version, purpose)?;
        files = compare(&plan, &library, purpose)?;
    }
    lock(&rust.library.join(LOCK), &library.join(LOCK))?;
    Ok(Checked { commits: exported.commits.len(), files })
}

/// Upstream's files; the vendored crates of Debian's package are not in rust-lang/rust.
fn pristine(library: &Path) -> Result<Vec<PathBuf>> {
    let mut files = overlay::own_files(library)?;
    files.retain(|file| !file.starts_with("vendor"));
    Ok(files)
}

/// Makes a folder a repository with one commit that holds everything in it.
pub fn repository(dir: &Path) -> Result<()> {
    git(dir, &["init", "--quiet"])?;
    for (name, value) in [
        ("user.name", "x export"),
        ("user.email", "x@localhost"),
        ("core.autocrlf", "false"),
        ("commit.gpgSign", "false"),
        ("core.hooksPath", "/dev/null"),
    ] {
        git(dir, &["config", name, value])?;
    }
    // Upstream's own .gitignore files must not hide what the source brings.
    git(dir, &["add", "--all", "--force"])?;
    git(dir, &["commit", "--quiet", "--message", "pristine"])?;
    Ok(())
}

/// Fails at the first file that differs or is in one tree alone; gives their number.
fn compare(plan: &Plan, library: &Path, purpose: Purpose) -> Result<usize> {
    let mut others = BTreeSet::new();
    for entry in WalkDir::new(library) {
        let entry = entry?;
        if !entry.file_type().is_dir() {
            others.insert(entry.path().strip_prefix(library)?.to_path_buf());
        }
    }
    for (file, source) in &plan.files {
        if file.starts_with("vendor") {
            continue;
        }
        let name = file.display();
        ensure!(others.remove(file), "{name} is in the overlay and not in the export");
        if file == Path::new(LOCK) {
            continue;
        }
        let expected = source.bytes()?;
        let mut got = fs::read(library.join(file))?;
        if purpose == Purpose::Sysroot && overlay::is_cut(file) {
            got = overlay::cut(&name.to_string(), &String::from_utf8(got)?)?.into_bytes();
        }
        ensure!(expected == got, "{name} differs between the overlay and the export");
    }
    if let Some(file) = others.first() {
        anyhow::bail!("{} is in the export and not in the overlay", file.display());
    }
    Ok(plan.files.keys().filter(|file| !file.starts_with("vendor")).count())
}

/// The packages of the exported lock are upstream's and those of the library that are ours.
fn lock(pristine: &Path, exported: &Path) -> Result<()> {
    let (before, after) = (packages(pristine)?, packages(exported)?);
    let added: Vec<&str> = after.difference(&before).map(String::as_str).collect();
    ensure!(
        before.is_subset(&after) && added == ["plan9-abi"],
        "the exported {LOCK} adds {added:?} to upstream's packages, and std needs plan9-abi; mend targets/upstream/hooks.toml"
    );
    Ok(())
}

fn packages(place: &Path) -> Result<BTreeSet<String>> {
    let text =
        fs::read_to_string(place).with_context(|| format!("{} cannot be read", place.display()))?;
    let lock: toml::Table =
        text.parse().with_context(|| format!("{} is damaged", place.display()))?;
    let packages = lock.get("package").and_then(|list| list.as_array()).into_iter().flatten();
    Ok(packages.filter_map(|package| Some(package.get("name")?.as_str()?.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overlay::Source;
    use std::collections::BTreeMap;

    #[test]
    fn a_file_that_differs_or_is_in_one_tree_alone_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let plan = |files: &[(&str, &str)]| Plan {
            files: files
                .iter()
                .map(|(file, text)| (PathBuf::from(file), Source::Text((*text).to_owned())))
                .collect::<BTreeMap<_, _>>(),
            count: overlay::Count::default(),
            hooked: 0,
            own: 0,
        };
        fs::write(dir.path().join("a.rs"), "1").unwrap();
        let said = |files: &[(&str, &str)]| {
            compare(&plan(files), dir.path(), Purpose::Tests).map_err(|error| error.to_string())
        };
        assert_eq!(said(&[("a.rs", "1")]), Ok(1));
        assert_eq!(
            said(&[("a.rs", "2")]),
            Err("a.rs differs between the overlay and the export".into())
        );
        assert_eq!(
            said(&[("a.rs", "1"), ("b.rs", "")]),
            Err("b.rs is in the overlay and not in the export".into())
        );
        assert_eq!(said(&[]), Err("a.rs is in the export and not in the overlay".into()));
    }
}
