//! `plan9-ld`: the linker of the plan9 target.
//!
//! It is called as GNU ld would be, hands the work to lld or GNU ld with a linker script of its own, and turns the ELF
//! file that comes out into a Plan 9 executable with a Plan 9 symbol table. The ELF file stays beside it, under
//! `NAME.elf`, for gdb. Nothing is left under the output's name unless all of it is right.

mod convert;
mod linker;
mod request;
mod symbols;

use anyhow::{Context, Result};
use request::Request;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(why) => {
            eprintln!("plan9-ld: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    let request = Request::parse(std::env::args_os().skip(1))?;
    let elf = elf_name(&request.output);
    let folder = elf.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let linked = tempfile::Builder::new()
        .prefix(".plan9-ld-")
        .tempfile_in(folder)
        .with_context(|| format!("{} is not writable", folder.display()))?;
    let status = linker::run(&request, linked.path())?;
    if !status.success() {
        // The linker has said what is wrong.
        return Ok(ExitCode::from(status.code().unwrap_or(1) as u8));
    }
    let bytes = fs::read(linked.path())
        .with_context(|| format!("{} cannot be read", linked.path().display()))?;
    let executable = convert::convert(&bytes, !request.strip)
        .with_context(|| format!("{} cannot be made an a.out", request.output.display()))?;
    let mut output = tempfile::Builder::new().prefix(".plan9-ld-").tempfile_in(folder)?;
    output.write_all(&executable)?;
    fs::set_permissions(output.path(), Permissions::from_mode(0o755))?;
    linked.persist(&elf).with_context(|| format!("{} is not writable", elf.display()))?;
    output
        .persist(&request.output)
        .with_context(|| format!("{} is not writable", request.output.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Where the ELF file stays.
fn elf_name(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".elf");
    name.into()
}
