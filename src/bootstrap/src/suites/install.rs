//! `x install`: a toolchain that was copied out of the repository, and moved, builds a new project in another folder by
//! the one line that is documented, its machine runs the result, and `cargo test` all kinds of tests.

use super::{Report, programs};
use crate::layout::{Layout, TRIPLE};
use crate::verbs::install;
use anyhow::{Context, Result, ensure};
use std::env;
use std::fs;
use std::process::Command;

const MANIFEST: &str = "[package]\nname = \"hello\"\nedition = \"2024\"\n";
const MAIN: &str = "fn main() {\n    println!(\"hello from {}\", hello::where_from());\n}\n";
/// With a test inside and an example in its documentation, which know that they run there.
const LIB: &str = r#"
/// ```
/// assert_eq!(hello::where_from(), "plan9");
/// assert!(cfg!(target_os = "plan9"));
/// ```
pub fn where_from() -> &'static str {
    std::env::consts::OS
}

#[test]
fn says_where() {
    assert_eq!(where_from(), "plan9");
}
"#;

/// Runs the suite.
pub fn run(layout: &Layout, _part: &str, report: &mut Report) -> Result<()> {
    report.record("install/a project elsewhere", test(layout));
    Ok(())
}

fn test(layout: &Layout) -> Result<()> {
    let folder = tempfile::tempdir().context("no temporary folder can be made")?;
    let first = folder.path().join("first");
    install::install(&layout.toolchain(), &first)?;
    let toolchain = folder.path().join("a toolchain");
    fs::rename(&first, &toolchain)?;
    let project = folder.path().join("hello");
    fs::create_dir_all(project.join("src"))?;
    fs::write(project.join("Cargo.toml"), MANIFEST)?;
    fs::write(project.join("src/main.rs"), MAIN)?;
    fs::write(project.join("src/lib.rs"), LIB)?;
    let mut cargo = clean(&toolchain.join("bin/cargo"));
    cargo.current_dir(&project).args(["build", "--quiet", "--offline", "--target", TRIPLE]);
    let output = cargo.output().context("the installed cargo cannot be started")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let program = project.join("target").join(TRIPLE).join("debug/hello");
    let output = clean(&toolchain.join("bin/plan9-run")).arg(&program).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    programs::same("standard output", "hello from plan9\n", &String::from_utf8(output.stdout)?)?;
    let mut cargo = clean(&toolchain.join("bin/cargo"));
    cargo.current_dir(&project).args(["test", "--offline", "--target", TRIPLE]);
    let output = cargo.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout)?;
    for line in ["test says_where ... ok", "test src/lib.rs - where_from (line 2) ... ok"] {
        ensure!(said.lines().any(|said| said == line), "no {line:?} in:\n{said}");
    }
    Ok(())
}

/// Without what this process was given by its own cargo.
fn clean(program: &std::path::Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    for name in ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME"] {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}
