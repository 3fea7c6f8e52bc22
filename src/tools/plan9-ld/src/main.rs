//! `plan9-ld`: the linker of the plan9 target.
//!
//! It is called as GNU ld would be, hands the work to lld or GNU ld with a linker script of its own, and turns the ELF
//! file that comes out into a Plan 9 executable with a Plan 9 symbol table. The ELF file stays beside it, under
//! `NAME.elf`, for gdb. Both are made under other names first: nothing changes under the output's name unless all of it
//! is right. `plan9-ld --symbols FILE` prints an executable's symbol table.

mod complaint;
mod convert;
mod frames;
mod lines;
mod linker;
mod list;
mod request;
mod sections;
mod symbols;

use anyhow::{Context, Result, ensure};
use request::Request;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let result = match args.as_slice() {
        [flag, file] if flag == "--symbols" => list::print(Path::new(file)),
        _ => Request::parse(args.into_iter()).and_then(|request| link(&request)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("plan9-ld: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn link(request: &Request) -> Result<()> {
    let output = &request.output;
    let elf = elf_name(output);
    for file in [output, &elf] {
        ensure!(
            !file.is_dir(),
            "{} is a directory; remove it or choose another output",
            file.display()
        );
    }
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let temporary = || {
        tempfile::Builder::new().prefix(".plan9-ld-").tempfile_in(folder).with_context(|| {
            format!("nothing can be written into {}; choose another output", folder.display())
        })
    };
    let linked = temporary()?;
    linker::run(request, linked.path())?;
    let bytes = fs::read(linked.path())
        .with_context(|| format!("{} cannot be read", linked.path().display()))?;
    let executable = convert::convert(&bytes, request)
        .with_context(|| format!("{} cannot be made", output.display()))?;
    let mut made = temporary()?;
    let full = || format!("{} cannot be written whole", output.display());
    made.write_all(&executable).with_context(full)?;
    // The linker made its file executable, as far as the user's umask lets it.
    let permissions = fs::metadata(linked.path()).with_context(full)?.permissions();
    fs::set_permissions(made.path(), permissions).with_context(full)?;
    linked.persist(&elf).with_context(|| format!("{} is not writable", elf.display()))?;
    made.persist(output).with_context(|| format!("{} is not writable", output.display()))?;
    Ok(())
}

/// Where the ELF file stays.
fn elf_name(output: &Path) -> PathBuf {
    let mut name = output.as_os_str().to_owned();
    name.push(".elf");
    name.into()
}
