//! What rustc asks for.

use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

/// Where a program starts unless it says otherwise: std's first instruction.
const ENTRY: &str = "_start";

/// The linker's command line, taken apart as far as we need to know it.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    pub output: PathBuf,
    /// No symbol table in the executable.
    pub strip: bool,
    /// The symbol where the program starts, or its address.
    pub entry: String,
    /// Everything else, in order.
    pub rest: Vec<OsString>,
}

impl Request {
    /// Reads a command line; `@FILE` stands for the arguments in that file.
    pub fn parse(args: impl Iterator<Item = OsString>) -> Result<Request> {
        let mut all = Vec::new();
        for arg in args {
            match arg.to_str().and_then(|text| text.strip_prefix('@')) {
                Some(file) => {
                    let text = fs::read_to_string(file)
                        .with_context(|| format!("the response file {file} cannot be read"))?;
                    all.extend(text.lines().map(|line| OsString::from(unquote(line))));
                }
                None => all.push(arg),
            }
        }
        let mut output = None;
        let mut strip = false;
        let mut entry = ENTRY.to_owned();
        let mut rest = Vec::new();
        let mut args = all.into_iter();
        while let Some(arg) = args.next() {
            if let Some(name) = arg.to_str().and_then(entry_name) {
                entry = name.to_owned();
            }
            match arg.to_str() {
                Some("-o" | "--output") => output = args.next().map(PathBuf::from),
                Some("-e" | "--entry") => {
                    let name = args.next().context("-e needs the name of a symbol")?;
                    entry = name.to_string_lossy().into_owned();
                    rest.extend([arg, name]);
                }
                // The ELF file keeps its symbols: we read the layout in it, and gdb wants them.
                Some("-s" | "--strip-all") => strip = true,
                Some("-pie" | "--pie" | "-shared" | "--shared") => {
                    let arg = arg.display();
                    bail!("{arg}: Plan 9 has no shared libraries; link statically")
                }
                Some("-r" | "-i" | "--relocatable") => {
                    let arg = arg.display();
                    bail!("{arg}: the result would be no executable; join objects with ld itself")
                }
                _ => rest.push(arg),
            }
        }
        let output = output.context("no output file; give one with -o")?;
        Ok(Request { output, strip, entry, rest })
    }
}

/// The name in an option that holds it, as `--entry=NAME` or `-eNAME`.
fn entry_name(arg: &str) -> Option<&str> {
    let name = arg.strip_prefix("--entry=").or_else(|| arg.strip_prefix("-entry="));
    name.or_else(|| arg.strip_prefix("-e").filter(|name| name.starts_with('_')))
}

/// Takes off the quoting that rustc puts on a line of a response file.
fn unquote(line: &str) -> String {
    let inside = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or(line);
    let mut text = String::new();
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        text.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_and_stripping_are_ours() {
        let args = ["-o", "a", "--gc-sections", "-s", "x.o"].map(OsString::from);
        let request = Request::parse(args.into_iter()).unwrap();
        assert_eq!((request.output, request.strip), (PathBuf::from("a"), true));
        assert_eq!(request.rest, ["--gc-sections", "x.o"]);
    }

    #[test]
    fn the_entry_is_known_however_it_is_given() {
        for args in [&["-e", "_go"][..], &["--entry", "_go"], &["--entry=_go"], &["-e_go"]] {
            let args = args.iter().chain(&["-o", "a", "-s"]).map(OsString::from);
            let request = Request::parse(args).unwrap();
            assert_eq!((request.entry.as_str(), request.strip), ("_go", true));
            assert!(!request.rest.is_empty() && !request.rest.contains(&"-s".into()));
        }
        let plain = ["-o", "a", "--emit-relocs", "--eh-frame-hdr"].map(OsString::from);
        assert_eq!(Request::parse(plain.into_iter()).unwrap().entry, "_start");
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_reason() {
        assert!(Request::parse([OsString::from("x.o")].into_iter()).is_err());
        for option in ["-pie", "-shared", "-r"] {
            let args = [option, "-o", "a"].map(OsString::from);
            assert!(Request::parse(args.into_iter()).unwrap_err().to_string().starts_with(option));
        }
    }

    #[test]
    fn response_files_are_unquoted() {
        assert_eq!(unquote(r#""a b\\c""#), r"a b\c");
        assert_eq!(unquote("plain"), "plain");
    }
}
