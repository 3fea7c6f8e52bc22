//! Programs by a compiler that nobody here wrote: they show that the machine is Plan 9 and not a mirror of our std
//! (`tests/go`). Every Go that is found builds each program; it must print `NAME.stdout`.

use super::{Report, programs};
use crate::layout::Layout;
use anyhow::{Context, Result, ensure};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// More Go commands, separated like PATH.
const MORE: &str = "PLAN9_GO";

/// Every Go that is there: the first on PATH, and those that the variable names.
pub fn compilers() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut compilers: Vec<PathBuf> =
        env::split_paths(&path).map(|folder| folder.join("go")).filter(|go| go.is_file()).collect();
    compilers.truncate(1);
    let more = env::var_os(MORE).unwrap_or_default();
    compilers.extend(env::split_paths(&more).filter(|go| !go.as_os_str().is_empty()));
    compilers
}

/// The reason to print where there is no Go.
pub fn why_none() -> String {
    format!("no go on PATH and none named by {MORE}; apt-get install golang-go")
}

/// Runs the suite.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    let compilers = compilers();
    let sources = programs::files(&layout.root.join("tests/go"), "go")?;
    if compilers.is_empty() {
        let why = why_none();
        for source in &sources {
            let name = source.file_stem().unwrap_or_default().to_string_lossy();
            report.skip(&format!("go/{name}"), &why);
        }
    }
    for go in compilers {
        let version = version(&go)?;
        for source in &sources {
            let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if !name.contains(part) {
                continue;
            }
            let binary = layout.build.join("test/go").join(format!("{version}-{name}"));
            for flags in layout.machine.kinds(&[&[], &["--no-splice"]]) {
                let title = format!("go/{name} ({version}) {}", flags.join(" "));
                report.record(title.trim_end(), test(layout, &go, source, &binary, flags));
            }
        }
    }
    Ok(())
}

fn command(layout: &Layout, go: &Path) -> Command {
    let mut command = Command::new(go);
    command.envs([
        ("GOOS", "plan9"),
        ("GOARCH", "amd64"),
        ("CGO_ENABLED", "0"),
        ("GOTOOLCHAIN", "local"),
        ("GO111MODULE", "off"),
        ("GOFLAGS", ""),
    ]);
    command.env_remove("GOROOT").env("GOCACHE", layout.build.join("test/go-cache"));
    command
}

/// Its name for itself, such as `go1.19.8`.
pub fn version(go: &Path) -> Result<String> {
    let output = Command::new(go).env("GOTOOLCHAIN", "local").args(["env", "GOVERSION"]).output();
    let output = output.with_context(|| format!("{} cannot be started", go.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}

/// Compiles a program for Plan 9.
pub fn build(layout: &Layout, go: &Path, source: &Path, binary: &Path) -> Result<()> {
    let built = command(layout, go).arg("build").arg("-o").arg(binary).arg(source).output()?;
    ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Ok(())
}

fn test(layout: &Layout, go: &Path, source: &Path, binary: &Path, flags: &[&str]) -> Result<()> {
    build(layout, go, source, binary)?;
    let ended = programs::run(layout, flags, binary, &["one", "two words"])?;
    ensure!(ended.code == 0, "the exit code is {}\n{}{}", ended.code, ended.stdout, ended.stderr);
    programs::same(
        "standard output",
        &fs::read_to_string(source.with_extension("stdout"))?,
        &ended.stdout,
    )
}
