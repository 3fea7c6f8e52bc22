//! The plan onto the disk, touching only what differs, because cargo judges by modification times.
//!
//! A tree written for the first time keeps the sources' times. Later changes get the present time, also where a file
//! goes back to an older text: with its old time cargo would take the earlier build for fresh.
//!
//! The lock file is cargo's to change: it takes out what the cuts left without use. So it is written only when
//! upstream's has changed, of which a copy is kept beside the tree.

use super::plan::Plan;
use super::source::Source;
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Cargo's lock file of upstream's workspace.
const LOCK: &str = "Cargo.lock";

/// What a run changed on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    pub written: usize,
    pub removed: usize,
}

/// Makes `dest` what the plan says, and nothing else.
pub fn write(plan: &Plan, dest: &Path) -> Result<Written> {
    let first = !dest.exists();
    let mut written = 0;
    for (file, source) in &plan.files {
        let to = dest.join(file);
        if file == Path::new(LOCK) && locked(source, dest)? && to.is_file() {
            continue;
        }
        let changed = put(source, &to, first)
            .with_context(|| format!("{} cannot be written", to.display()))?;
        written += usize::from(changed);
    }
    Ok(Written { written, removed: remove_others(plan, dest)? })
}

/// True if upstream's lock file is the one that was written last; keeps it otherwise.
fn locked(source: &Source, dest: &Path) -> Result<bool> {
    let Source::Copy(from) = source else { return Ok(false) };
    let kept = dest.with_extension("lock");
    let text = fs::read(from).with_context(|| format!("{} cannot be read", from.display()))?;
    if fs::read(&kept).is_ok_and(|old| old == text) {
        return Ok(true);
    }
    fresh(&kept)?;
    fs::write(&kept, text).with_context(|| format!("{} cannot be written", kept.display()))?;
    Ok(false)
}

fn put(source: &Source, to: &Path, first: bool) -> Result<bool> {
    match source {
        Source::Copy(from) => {
            if !first && same(from, to)? {
                return Ok(false);
            }
            fresh(to)?;
            fs::write(to, fs::read(from)?)?;
            if first {
                File::options()
                    .write(true)
                    .open(to)?
                    .set_modified(fs::metadata(from)?.modified()?)?;
            }
        }
        Source::Text(text) => {
            if fs::read(to).is_ok_and(|old| old == text.as_bytes()) {
                return Ok(false);
            }
            fresh(to)?;
            fs::write(to, text)?;
        }
    }
    Ok(true)
}

/// Same size and time, or same bytes.
fn same(from: &Path, to: &Path) -> Result<bool> {
    let Ok(have) = fs::metadata(to) else { return Ok(false) };
    let want = fs::metadata(from)?;
    if have.len() != want.len() {
        return Ok(false);
    }
    Ok(have.modified()? == want.modified()? || fs::read(from)? == fs::read(to)?)
}

/// Makes the parent directories, and room where something else stands.
fn fresh(to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    if to.is_dir() {
        fs::remove_dir_all(to)?;
    }
    Ok(())
}

fn remove_others(plan: &Plan, dest: &Path) -> Result<usize> {
    let mut others: Vec<PathBuf> = Vec::new();
    for entry in WalkDir::new(dest) {
        let entry = entry?;
        if !entry.file_type().is_dir() && !plan.files.contains_key(entry.path().strip_prefix(dest)?)
        {
            others.push(entry.into_path());
        }
    }
    for path in &others {
        fs::remove_file(path).with_context(|| format!("{} cannot be removed", path.display()))?;
        // Folders that this has emptied; the first that has something ends it.
        let folders = path.ancestors().skip(1).take_while(|folder| *folder != dest);
        let _ = folders.map(fs::remove_dir).take_while(Result::is_ok).count();
    }
    Ok(others.len())
}
