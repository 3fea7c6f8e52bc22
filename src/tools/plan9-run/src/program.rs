//! The file on the command line, looked at before there is a machine: what it is instead of a Plan 9 executable is said
//! in one sentence.

use anyhow::{Context, Result, bail, ensure};
use plan9_abi::aout::{Header, HeaderError};
use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What of a file is looked at, as exec does, in bytes.
const LOOKED_AT: u64 = 256;
const ADVICE: &str = "build it for x86_64-unknown-plan9";

/// Refuses what is no Plan 9 amd64 executable and no script.
pub fn check(path: &Path) -> Result<()> {
    let shown = path.display();
    let unreadable = || format!("{shown} cannot be read");
    let about = path.metadata().with_context(unreadable)?;
    ensure!(about.is_file(), "{shown} is no file; name a Plan 9 executable");
    let mut start = Vec::new();
    let file = File::open(path).with_context(unreadable)?;
    file.take(LOOKED_AT).read_to_end(&mut start).with_context(unreadable)?;
    if start.is_empty() {
        bail!("{shown} is empty; {ADVICE}");
    }
    if let Some(line) = start.strip_prefix(b"#!") {
        let end = line.iter().position(|&b| b == b'\n');
        let named = end.is_some_and(|end| line[..end].iter().any(|b| !b.is_ascii_whitespace()));
        ensure!(
            named,
            "{shown} is a script that names no interpreter in its first line; write #! and the interpreter's path there"
        );
        return executable(path, &about);
    }
    if start.starts_with(b"\x7fELF") {
        let beside = path.with_extension("");
        if path.extension().is_some_and(|extension| extension == "elf") && beside.is_file() {
            bail!("{shown} is an ELF file, for gdb; run {} beside it", beside.display());
        }
        bail!("{shown} is an ELF executable, not one of Plan 9; {ADVICE}");
    }
    let header = match Header::parse(&start) {
        Ok(header) => header,
        Err(HeaderError::Short) => {
            bail!("{shown} is cut off within the header of a Plan 9 executable; {ADVICE} again")
        }
        Err(why) => bail!("{shown} is no Plan 9 amd64 executable: {why}; {ADVICE}"),
    };
    let (says, has) = (header.symbols_offset(), about.len());
    ensure!(
        says <= has,
        "{shown} is cut off: its header speaks of {says} bytes of text and data, the file has {has}; {ADVICE} again"
    );
    executable(path, &about)
}

/// exec asks for execute permission.
fn executable(path: &Path, about: &Metadata) -> Result<()> {
    const ANY_EXECUTE: u32 = 0o111;
    let allowed = about.permissions().mode() & ANY_EXECUTE != 0;
    ensure!(allowed, "{} is not executable; chmod +x it", path.display());
    Ok(())
}
