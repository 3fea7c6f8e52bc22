//! Running a program in the embedded machine under a time limit, and comparing what it printed.

use crate::layout::{Layout, TRIPLE};
use crate::verbs::plan9_cargo;
use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File};
use std::path::{Path, PathBuf, absolute};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A program that runs longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// A folder for programs that no suite hides.
const VISIBLE: &str = "/var/tmp";

/// What a program left behind.
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `binary`; its output goes through files, so that no pipe fills up.
pub fn run(layout: &Layout, flags: &[&str], binary: &Path, args: &[&str]) -> Result<Ended> {
    run_within(LIMIT, layout, flags, binary, args)
}

/// As [`run`], with a limit of the caller's.
pub fn run_within(
    limit: Duration,
    layout: &Layout,
    flags: &[&str],
    binary: &Path,
    args: &[&str],
) -> Result<Ended> {
    let (out, err) = (binary.with_extension("out"), binary.with_extension("err"));
    let elsewhere = out_of_sight(flags, binary)?;
    let shown = elsewhere.as_ref().map(|folder| folder.path().join(name_of(binary)));
    let mut command = Command::new(layout.tools().join("plan9-run"));
    if let Some(folder) = &elsewhere {
        command.current_dir(folder.path());
    }
    let mut child = command
        .args(flags)
        .arg(shown.as_deref().unwrap_or(binary))
        .args(args)
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null())
        .stdout(File::create(&out)?)
        .stderr(File::create(&err)?)
        .spawn()
        .context("plan9-run cannot be started; run `x build`")?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            bail!("it did not end within {limit:?}\n{}", String::from_utf8_lossy(&fs::read(&err)?));
        }
        thread::sleep(Duration::from_millis(5));
    };
    let text = |file: &Path| -> Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(file)?).into_owned())
    };
    Ok(Ended { code: status.code().unwrap_or(-1), stdout: text(&out)?, stderr: text(&err)? })
}

/// Where the machine serves a tree in memory at a folder that holds the program, the program does not see itself: then
/// a copy of it in a folder that stays visible, for as long as that is held.
fn out_of_sight(flags: &[&str], binary: &Path) -> Result<Option<TempDir>> {
    let hidden = flags.windows(2).any(|pair| {
        pair[0] == "--ramfs" && absolute(binary).is_ok_and(|at| at.starts_with(pair[1]))
    });
    if !hidden {
        return Ok(None);
    }
    let folder = TempDir::new_in(VISIBLE)
        .with_context(|| format!("no folder can be made in {VISIBLE}; clone outside /tmp"))?;
    fs::copy(binary, folder.path().join(name_of(binary)))?;
    Ok(Some(folder))
}

fn name_of(binary: &Path) -> &Path {
    binary.file_name().map_or(binary, Path::new)
}

/// Builds a folder's package of programs for Plan 9, in release if `flags` say so; gives the folder of its targets.
pub fn build(layout: &Layout, folder: &str, name: &str, flags: &[&str]) -> Result<PathBuf> {
    let target = layout.build.join("test").join(name);
    let mut cargo = plan9_cargo(layout, &[])?;
    cargo.args(["build", "--quiet", "--locked", "--target", TRIPLE]).args(flags);
    let output = cargo
        .arg("--manifest-path")
        .arg(layout.root.join(folder).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .output()
        .context("the toolchain's cargo cannot be started; run `x doctor`")?;
    ensure!(
        output.status.success(),
        "the programs did not build\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(target.join(TRIPLE))
}

/// Fails with both texts if they differ.
pub fn same(what: &str, expected: &str, got: &str) -> Result<()> {
    ensure!(expected == got, "{what} differs; expected:\n{expected}got:\n{got}");
    Ok(())
}

/// The files of a folder with an extension, in order.
pub fn files(folder: &Path, extension: &str) -> Result<Vec<std::path::PathBuf>> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .with_context(|| format!("{} cannot be read", folder.display()))?
        .filter_map(|item| item.ok().map(|item| item.path()))
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    Ok(files)
}
