//! Where the files of a tree come from, and which files a folder has.

use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Where one file comes from.
#[derive(Debug)]
pub enum Source {
    /// Copied as it is, from upstream or from us.
    Copy(PathBuf),
    /// A text with hooks or cuts.
    Text(String),
}

impl Source {
    /// What the file holds.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        match self {
            Self::Copy(from) => {
                fs::read(from).with_context(|| format!("{} cannot be read", from.display()))
            }
            Self::Text(text) => Ok(text.clone().into_bytes()),
        }
    }
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
