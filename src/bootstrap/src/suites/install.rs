//! `x install`: a toolchain that was copied out of the repository, and moved, builds a new project in another folder by
//! the one line that is documented, its machine runs the result, and `cargo test` all kinds of tests. Clippy, rustfmt and
//! what an editor asks for are there as far as the compiler beneath has them.

use super::{Report, programs};
use crate::layout::{Layout, SERVER, TRIPLE};
use crate::tools;
use crate::verbs::install;
use anyhow::{Context, Result, ensure};
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

const MANIFEST: &str = "[package]\nname = \"hello\"\nedition = \"2024\"\n";
const MAIN: &str = "fn main() {\n    println!(\"hello from {}\", hello::where_from());\n}\n";
/// With a test inside and an example in its documentation, which know that they run there.
const LIB: &str = r#"/// ```
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
    let folder = tempfile::tempdir().context("no temporary folder can be made")?;
    let first = folder.path().join("first");
    install::install(&layout.toolchain(), &first)?;
    let toolchain = folder.path().join("a toolchain");
    fs::rename(&first, &toolchain)?;
    let server = toolchain.join("share/plan9").join(SERVER);
    ensure!(server.is_file(), "{SERVER} did not come along");
    let project = folder.path().join("hello");
    fs::create_dir_all(project.join("src"))?;
    fs::write(project.join("Cargo.toml"), MANIFEST)?;
    fs::write(project.join("src/main.rs"), MAIN)?;
    fs::write(project.join("src/lib.rs"), LIB)?;
    report.record("install/a project elsewhere", test(layout, &toolchain, &project));
    report.record("install/what an editor asks for", editor(&toolchain));
    for (tool, args) in [("clippy", &["--target", TRIPLE][..]), ("fmt", &["--check"])] {
        let name = format!("install/cargo {tool}");
        if toolchain.join("bin").join(format!("cargo-{tool}")).is_file() {
            report.record(&name, component(&toolchain, &project, tool, args));
        } else {
            report.skip(&name, "the compiler beneath has none");
        }
    }
    Ok(())
}

/// The sysroot that rustc names has the library's source with ours in it, and holds no link into the repository.
fn editor(toolchain: &Path) -> Result<()> {
    let output = clean(&toolchain.join("bin/rustc")).args(["--print", "sysroot"]).output()?;
    let sysroot = String::from_utf8(output.stdout)?;
    let source = Path::new(sysroot.trim_end()).join(tools::SOURCE);
    ensure!(
        source.join("std/src/os/plan9/mod.rs").is_file() && !source.is_symlink(),
        "{} is not the library's source with std::os::plan9",
        source.display()
    );
    let beneath = clean(&toolchain.join("bin/rustc")).args(["-", "--print=sysroot"]).output()?;
    let beneath = String::from_utf8(beneath.stdout)?;
    let server = "libexec/rust-analyzer-proc-macro-srv";
    ensure!(
        toolchain.join(server).is_file() || !Path::new(beneath.trim_end()).join(server).is_file(),
        "{server} is in {} and not in the toolchain",
        beneath.trim_end()
    );
    Ok(())
}

/// A command of cargo's that the compiler beneath brings: it passes, and fails where it must.
fn component(toolchain: &Path, project: &Path, tool: &str, args: &[&str]) -> Result<()> {
    let run = || {
        let mut cargo = clean(&toolchain.join("bin/cargo"));
        let cargo = cargo.current_dir(project).args([tool]).args(args);
        cargo.env("CARGO_NET_OFFLINE", "true").output().context("cargo cannot be started")
    };
    let output = run()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let library = project.join("src/lib.rs");
    // What each has something to say about; clippy's would not compile for another system.
    let fault =
        "\npub fn fault() -> bool {\n  std::os::plan9::errstr::last(); let a = 1; a == a\n}\n";
    fs::write(&library, format!("{LIB}{fault}"))?;
    let output = run()?;
    fs::write(&library, LIB)?;
    ensure!(!output.status.success(), "cargo {tool} found nothing in{fault}");
    let said = String::from_utf8([output.stdout, output.stderr].concat())?;
    let finding = if tool == "clippy" { "clippy::eq_op" } else { "Diff in" };
    ensure!(said.contains(finding), "no {finding} in:\n{said}");
    Ok(())
}

fn test(layout: &Layout, toolchain: &Path, project: &Path) -> Result<()> {
    let mut cargo = clean(&toolchain.join("bin/cargo"));
    cargo.current_dir(project).args(["build", "--quiet", "--offline", "--target", TRIPLE]);
    let output = cargo.output().context("the installed cargo cannot be started")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let program = project.join("target").join(TRIPLE).join("debug/hello");
    let mut machine = clean(&toolchain.join("bin/plan9-run"));
    layout.machine.tell(&mut machine);
    let output = machine.arg(&program).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    programs::same("standard output", "hello from plan9\n", &String::from_utf8(output.stdout)?)?;
    let mut cargo = clean(&toolchain.join("bin/cargo"));
    cargo.current_dir(project).args(["test", "--offline", "--target", TRIPLE]);
    layout.machine.tell(&mut cargo);
    let output = cargo.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout)?;
    for line in ["test says_where ... ok", "test src/lib.rs - where_from (line 1) ... ok"] {
        ensure!(said.lines().any(|said| said == line), "no {line:?} in:\n{said}");
    }
    Ok(())
}

/// Without what this process was given by its own cargo.
fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    for name in ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME"] {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}
