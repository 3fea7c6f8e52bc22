//! What files, directories and names do, for a port of std::fs: in a new directory of `/tmp`, a ramfs, and in `#e`, the
//! kernel's own tree of variables, which has no directories.

#![no_std]
#![no_main]

mod contents;
mod dirs;
mod names;
mod unions;
mod wstats;

use conformance::report::{Label, Shown, mk, read_directory, records};
use conformance::{put, say};
use core::ffi::CStr;
use plan9_abi::dir::Dir;
use plan9_abi::flags::{mode, open, rfork};
use plan9_abi::sys::{Result, file, process};

conformance::counting_handler!();

#[unsafe(no_mangle)]
fn probe() {
    // SAFETY: no process is made.
    let _ = unsafe { process::rfork(rfork::NAMEG | rfork::CENVG | rfork::NOTEG) };
    tree(Label("ram: "), c"/tmp");
    tree(Label("env: "), c"#e");
}

fn tree(at: Label, folder: &CStr) {
    if file::chdir(folder).is_err() {
        return say!("no {folder:?}");
    }
    at.ok("mkdir", mk(c"w", open::READ | open::EXCL, mode::DIR | 0o777));
    if file::chdir(c"w").is_err() {
        // In /env it is a file.
        let _ = file::remove(c"w");
    }
    let mut top = [0; 256];
    let _ = file::open(c".", open::READ).and_then(|fd| file::fd2path(fd, &mut top));
    let top = CStr::from_bytes_until_nul(&top).unwrap_or(c"/");
    contents::run(at);
    wstats::run(at);
    let _ = mk(c"d", open::READ | open::EXCL, mode::DIR | 0o777);
    let directories = with_stat(c"d", |dir| dir.mode & mode::DIR != 0);
    let _ = file::remove(c"d");
    if directories == Ok(true) {
        dirs::run(at, top);
        unions::run(at);
    }
    names::run(at);
    contents::closing(at);
}

/// What a file's record says.
fn with_stat<T>(name: &CStr, found: impl FnOnce(&Dir<'_>) -> T) -> Result<T> {
    let mut buffer = [0; 1024];
    let n = file::stat(name, &mut buffer)?;
    let (dir, _) = Dir::parse(&buffer[..n]).ok_or(plan9_abi::sys::Failed)?;
    Ok(found(&dir))
}

/// The same of a descriptor.
fn with_fstat<T>(fd: i32, found: impl FnOnce(&Dir<'_>) -> T) -> Result<T> {
    let mut buffer = [0; 1024];
    let n = file::fstat(fd, &mut buffer)?;
    let (dir, _) = Dir::parse(&buffer[..n]).ok_or(plan9_abi::sys::Failed)?;
    Ok(found(&dir))
}

/// Name, length, mode and kind of a file.
fn record(at: Label, what: &str, name: &CStr) {
    let printed = with_stat(name, |dir| {
        let Dir { name, length, mode, qid, .. } = dir;
        let (name, kind) = (Shown(name), qid.kind);
        at.says(
            what,
            format_args!("name '{name}' length {length} mode {mode:o} qid type {kind:#x}"),
        );
    });
    if printed.is_err() {
        at.says(what, format_args!("stat {}", conformance::Why::take().quoted()));
    }
}

/// What a file holds, NUL bytes as dots.
fn body(at: Label, what: &str, name: &CStr) {
    let mut bytes = [0; 100];
    let read = file::open(name, open::READ).and_then(|fd| {
        let n = file::read(fd, &mut bytes);
        conformance::report::close(fd);
        n
    });
    let Ok(n) = read else { return at.ok(what, read) };
    bytes.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b'.');
    at.says(what, format_args!("\"{}\"", Shown(&bytes[..n])));
}

/// Names in a directory, in the order in which they come.
fn list(at: Label, what: &str, name: &CStr) {
    let mut buffer = [0; 8192];
    let read = file::open(name, open::READ).and_then(|fd| {
        let n = read_directory(fd, &mut buffer);
        conformance::report::close(fd);
        n
    });
    let Ok(n) = read else { return at.ok(what, read) };
    put!("{}{what}:", at.0);
    for dir in records(&buffer[..n]) {
        put!(" {}", Shown(dir.name));
    }
    say!("");
}
