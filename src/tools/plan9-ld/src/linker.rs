//! The linker that does the work: rust-lld, lld or GNU ld, whichever is there first.
//!
//! rustc puts the folder of its own tools on PATH, so with a rustup toolchain rust-lld is there always.

use crate::complaint;
use crate::request::Request;
use anyhow::{Context, Result, bail};
use std::env;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SCRIPT: &str = include_str!("link.ld");
/// Linkers by name, with what must come first on their command line.
const KNOWN: [(&str, &[&str]); 4] =
    [("rust-lld", &["-flavor", "gnu"]), ("ld.lld", &[]), ("lld", &["-flavor", "gnu"]), ("ld", &[])];
/// Names a linker instead of looking for one.
const CHOICE: &str = "PLAN9_LD";

fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let mut files = env::split_paths(&path).map(|folder| folder.join(name));
    files.find(|file| {
        file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
    })
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
    bail!("no linker is on PATH; install lld or binutils, or name one with {CHOICE}")
}

/// Links everything into the ELF file `output`. What the linker says goes to standard error as it is.
pub fn run(request: &Request, output: &Path) -> Result<()> {
    let script = tempfile::Builder::new().suffix(".ld").tempfile();
    let mut script = script.context("there is no room for a temporary file; set TMPDIR")?;
    script.write_all(SCRIPT.as_bytes())?;
    let mut command = choose()?;
    let program = Path::new(command.get_program()).display().to_string();
    command
        .args(["-static", "-nostdlib", "--eh-frame-hdr", "--no-undefined", "--build-id=none"])
        .args(["-z", "max-page-size=4096", "-z", "noexecstack", "-T"])
        .arg(script.path())
        .arg("-o")
        .arg(output)
        .args(&request.rest)
        // rustc asks for relro, by which lld would put a program's own sections behind the end of the bss.
        .args(["-z", "norelro"])
        .stdout(Stdio::inherit())
        .stderr(Stdio::piped());
    let ended = command.spawn().and_then(|child| child.wait_with_output()).with_context(|| {
        format!("the linker {program} cannot be started; mend {CHOICE} or unset it")
    })?;
    io::stderr().write_all(&ended.stderr)?;
    if !ended.status.success() {
        match complaint::sentence(&String::from_utf8_lossy(&ended.stderr)) {
            Some(sentence) => bail!("{sentence}"),
            None => bail!("{program} failed ({}); mend what it says above", ended.status),
        }
    }
    Ok(())
}
