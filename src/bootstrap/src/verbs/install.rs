//! `x install`: a copy of the toolchain directory outside the repository, so that the repository may go.

use super::build;
use crate::layout::{Layout, TRIPLE};
use crate::tools;
use anyhow::{Context, Result, ensure};
use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf, absolute};
use std::process::ExitCode;
use walkdir::WalkDir;

/// Where to.
#[derive(clap::Args)]
pub struct Args {
    /// The directory to make or to replace [default: plan9-rust in $XDG_DATA_HOME or ~/.local/share]
    pub dir: Option<PathBuf>,
}

/// What only a toolchain directory has, so that nothing else is ever replaced.
const MARK: &str = "lib/plan9.toml";

/// Runs the verb.
pub fn run(layout: &Layout, args: &Args) -> Result<ExitCode> {
    let dir = match &args.dir {
        Some(dir) => absolute(dir).context("the directory's name is empty; name one")?,
        None => default(env::var_os("XDG_DATA_HOME").map(PathBuf::from), env::home_dir())?,
    };
    replaceable(&dir)?;
    build::all(layout)?;
    install(&layout.toolchain(), &dir)?;
    let shown = dir.display();
    println!("installed: {shown}");
    println!("in any project: {shown}/bin/cargo run --target {TRIPLE}, or build, or test");
    println!(
        "or once `rustup toolchain link plan9 {shown}`, then `cargo +plan9 run --target {TRIPLE}`"
    );
    println!("to run a program that is built: {shown}/bin/plan9-run FILE");
    Ok(ExitCode::SUCCESS)
}

fn default(data: Option<PathBuf>, home: Option<PathBuf>) -> Result<PathBuf> {
    let data = data.filter(|data| data.is_absolute());
    let data = data.or_else(|| home.map(|home| home.join(".local/share")));
    Ok(data.context("HOME is not set; name a directory")?.join("plan9-rust"))
}

/// Refuses a place that holds something else.
fn replaceable(dir: &Path) -> Result<()> {
    let empty = fs::read_dir(dir).map(|mut entries| entries.next().is_none());
    ensure!(
        dir.symlink_metadata().is_err() || dir.join(MARK).is_file() || empty.unwrap_or(false),
        "{} holds something else than an installed toolchain; name another directory, or empty it",
        dir.display()
    );
    Ok(())
}

/// Makes `dir` a copy: whole beside it first, so that an earlier one serves until this one can.
pub fn install(toolchain: &Path, dir: &Path) -> Result<()> {
    replaceable(dir)?;
    let parent = dir
        .parent()
        .context("the root of the file system is no place for a toolchain; name a directory")?;
    fs::create_dir_all(parent).with_context(|| format!("{} cannot be made", parent.display()))?;
    let new = tempfile::Builder::new()
        .prefix(".plan9-")
        .tempdir_in(parent)
        .with_context(|| format!("{} is not writable; name another directory", parent.display()))?;
    let copied = new.path().join("toolchain");
    copy(toolchain, &copied)?;
    if dir.exists() {
        fs::rename(dir, new.path().join("old"))
            .with_context(|| format!("{} cannot be replaced", dir.display()))?;
    }
    fs::rename(&copied, dir).with_context(|| format!("{} cannot be made", dir.display()))
}

/// What a toolchain directory is made of. Links point to the compiler's own sysroot, and stay links; but that to the
/// library's source points into the repository, so its files are copied.
fn copy(from: &Path, to: &Path) -> Result<()> {
    copy_tree(from, to)?;
    let source = from.join(tools::SOURCE);
    if source.is_dir() {
        let place = to.join(tools::SOURCE);
        fs::remove_file(&place)
            .with_context(|| format!("{} cannot be replaced", place.display()))?;
        copy_tree(&source.canonicalize()?, &place)?;
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    let programs = tools::PROGRAMS.map(|(_, name)| name);
    for entry in WalkDir::new(from) {
        let entry = entry?;
        let file = entry.path().strip_prefix(from)?;
        // An own program under an earlier name.
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let stale = file.parent() == Some(Path::new("bin"))
            && !entry.path_is_symlink()
            && !programs.contains(&name)
            && !tools::is_optional(name);
        if stale {
            continue;
        }
        let place = to.join(file);
        let made = if entry.path_is_symlink() {
            fs::read_link(entry.path()).and_then(|target| symlink(target, &place))
        } else if entry.file_type().is_dir() {
            fs::create_dir_all(&place)
        } else {
            fs::copy(entry.path(), &place).map(drop)
        };
        made.with_context(|| format!("{} cannot be made", place.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toolchain(dir: &Path, rustc: &str) -> PathBuf {
        let toolchain = dir.join("toolchain");
        for (file, text) in [("bin/rustc", rustc), ("bin/rustc.new", ""), (MARK, "")] {
            fs::create_dir_all(toolchain.join(file).parent().unwrap()).unwrap();
            fs::write(toolchain.join(file), text).unwrap();
        }
        if !toolchain.join("lib/host").is_symlink() {
            symlink("/host", toolchain.join("lib/host")).unwrap();
        }
        toolchain
    }

    #[test]
    fn a_copy_replaces_an_earlier_one_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("some/where");
        for rustc in ["1", "2"] {
            install(&toolchain(dir.path(), rustc), &to).unwrap();
            assert_eq!(fs::read_to_string(to.join("bin/rustc")).unwrap(), rustc);
        }
        assert_eq!(fs::read_link(to.join("lib/host")).unwrap(), Path::new("/host"));
        assert!(!to.join("bin/rustc.new").exists());
        assert_eq!(fs::read_dir(dir.path().join("some")).unwrap().count(), 1);

        fs::write(dir.path().join("file"), "the user's").unwrap();
        for mine in [dir.path().join("file"), dir.path().to_path_buf()] {
            let error = install(&toolchain(dir.path(), "3"), &mine).unwrap_err().to_string();
            assert!(error.contains("holds something else"), "{error}");
        }
        assert_eq!(fs::read_to_string(dir.path().join("file")).unwrap(), "the user's");
        fs::create_dir(dir.path().join("empty")).unwrap();
        install(&toolchain(dir.path(), "3"), &dir.path().join("empty")).unwrap();
    }

    #[test]
    fn the_default_is_the_users_data_folder() {
        let place = |data: Option<&str>, home: Option<&str>| {
            default(data.map(PathBuf::from), home.map(PathBuf::from))
        };
        assert_eq!(place(Some("/d"), Some("/h")).unwrap(), Path::new("/d/plan9-rust"));
        let home = Path::new("/h/.local/share/plan9-rust");
        assert_eq!(place(None, Some("/h")).unwrap(), home);
        assert_eq!(place(Some(""), Some("/h")).unwrap(), home);
        assert!(place(None, None).unwrap_err().to_string().contains("name a directory"));
    }
}
