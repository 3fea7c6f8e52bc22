//! Cargo run for what it makes: its messages drive a step's display and name the files, so that nothing here guesses
//! where cargo puts them.

use crate::progress::Step;
use crate::toolchain::{self, Rust};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// What the caller's cargo command must be given.
pub const MESSAGES: &str = "--message-format=json-render-diagnostics";

/// One thing that cargo built, or found built.
#[derive(Debug, Deserialize)]
pub struct Artifact {
    pub target: Target,
    pub filenames: Vec<PathBuf>,
    /// A program, also of tests.
    pub executable: Option<PathBuf>,
    pub profile: Profile,
}

#[derive(Debug, Deserialize)]
pub struct Target {
    pub name: String,
    /// `lib`, `test`, `bin` and so on.
    pub kind: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub struct Profile {
    /// Compiled as a program of tests.
    pub test: bool,
}

#[derive(Deserialize)]
struct Reason {
    reason: String,
}

/// Adds our own crates to upstream's lock file from what cargo has, so that a second run needs no network. The first
/// time cargo may have nothing: it fails here, and asks the registry when it builds.
pub fn complete_lock(rust: &Rust, library: &Path) -> Result<()> {
    let mut cargo = Command::new(&rust.cargo);
    toolchain::forget_users_flags(&mut cargo);
    cargo.env("RUSTC", &rust.rustc).env("RUSTC_BOOTSTRAP", "1").current_dir(library);
    cargo
        .args(["update", "--workspace", "--offline", "--quiet"])
        .output()
        .with_context(|| format!("{} cannot be started", rust.cargo.display()))?;
    Ok(())
}

/// Runs cargo to its end and returns the artifacts; the error holds cargo's own complaints.
pub fn artifacts(mut cargo: Command, step: &Step) -> Result<Vec<Artifact>> {
    cargo.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = cargo
        .spawn()
        .with_context(|| format!("{} cannot be started", cargo.get_program().display()))?;
    let (Some(stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
        bail!("cargo's output cannot be read");
    };
    let complaints = thread::spawn(move || {
        let mut text = Vec::new();
        stderr.read_to_end(&mut text).map(|_| String::from_utf8_lossy(&text).into_owned())
    });
    let mut artifacts = Vec::new();
    for line in BufReader::new(stdout).lines() {
        if let Some(artifact) = artifact(&line?)? {
            artifacts.push(artifact);
            let name = &artifacts[artifacts.len() - 1].target.name;
            step.at(format!("{name} ({})", artifacts.len()));
        }
    }
    let status = child.wait()?;
    let complaints =
        complaints.join().map_err(|_| anyhow::anyhow!("reading cargo's output panicked"))??;
    if !status.success() {
        bail!("cargo failed ({status}); mend the first error:\n{}", complaints.trim_end());
    }
    for warning in own_warnings(&complaints) {
        step.warn(&format!("{warning}\n"));
    }
    Ok(artifacts)
}

/// The warnings about this system's own files. Upstream's are upstream's, and some are about code that this system leaves
/// out.
fn own_warnings(complaints: &str) -> impl Iterator<Item = &str> {
    let place = |line: &str| line.trim_start().starts_with("--> ") && line.contains("plan9");
    complaints.split("\n\n").filter(move |warning| warning.lines().any(place))
}

/// The artifact that a line of cargo's output tells of, if it does.
fn artifact(line: &str) -> Result<Option<Artifact>> {
    match serde_json::from_str::<Reason>(line) {
        Ok(message) if message.reason == "compiler-artifact" => serde_json::from_str(line)
            .map(Some)
            .context("cargo describes an artifact in a way that is not known here"),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_is_read_from_its_message() {
        let line = r#"{"reason":"compiler-artifact","package_id":"x","target":{"kind":["test"],"name":"sync"},
            "profile":{"test":true,"opt_level":"3"},"filenames":["/t/sync-1"],"executable":"/t/sync-1","fresh":true}"#;
        let found = artifact(line).unwrap().unwrap();
        assert_eq!(found.target.name, "sync");
        assert!(found.profile.test);
        assert_eq!(found.executable.unwrap(), PathBuf::from("/t/sync-1"));
    }

    #[test]
    fn warnings_about_own_files_are_told() {
        let complaints = "warning: unused import: `a`\n --> std/src/sys/pal/plan9/mod.rs:1:5\n  |\n\n\
            warning: unused\n --> std/src/io/mod.rs:1:5\n  |\n\nwarning: `std` (lib) generated 2 warnings";
        let told: Vec<_> = own_warnings(complaints).collect();
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("`a`"));
    }

    #[test]
    fn other_lines_are_passed_over_and_a_strange_artifact_is_not() {
        assert!(artifact("warning: something").unwrap().is_none());
        assert!(artifact(r#"{"reason":"build-finished","success":true}"#).unwrap().is_none());
        assert!(artifact(r#"{"reason":"compiler-artifact"}"#).is_err());
    }
}
