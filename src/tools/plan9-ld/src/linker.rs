//! The linker that does the work: rust-lld, lld or GNU ld, whichever is there first.

use crate::request::Request;
use anyhow::{Context, Result, bail};
use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

const SCRIPT: &str = include_str!("link.ld");
/// Linkers by name, with what must come first on their command line.
const KNOWN: [(&str, &[&str]); 4] =
    [("rust-lld", &["-flavor", "gnu"]), ("ld.lld", &[]), ("lld", &["-flavor", "gnu"]), ("ld", &[])];
/// Names a linker instead of looking for one.
const CHOICE: &str = "PLAN9_LD";

fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn choose() -> Result<Command> {
    if let Some(chosen) = env::var_os(CHOICE) {
        return Ok(Command::new(chosen));
    }
    for (name, first) in KNOWN {
        if let Some(program) = find(name) {
            let mut command = Command::new(program);
            command.args(first);
            return Ok(command);
        }
    }
    bail!("no linker is there; install lld or binutils, or name one with {CHOICE}")
}

/// Links everything into the ELF file `output`.
pub fn run(request: &Request, output: &Path) -> Result<ExitStatus> {
    let mut script = tempfile::Builder::new().suffix(".ld").tempfile()?;
    script.write_all(SCRIPT.as_bytes())?;
    let mut command = choose()?;
    command
        .args(["-static", "-nostdlib", "--eh-frame-hdr", "--no-undefined", "--build-id=none"])
        .args(["-z", "max-page-size=4096", "-z", "noexecstack", "-T"])
        .arg(script.path())
        .arg("-o")
        .arg(output)
        .args(&request.rest);
    command.status().with_context(|| {
        format!("{} cannot be started", Path::new(command.get_program()).display())
    })
}
