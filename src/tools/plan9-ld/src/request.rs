//! What rustc asks for.

use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

/// The linker's command line, taken apart as far as we need to know it.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    pub output: PathBuf,
    /// No symbol table in the executable.
    pub strip: bool,
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
        let mut rest = Vec::new();
        let mut args = all.into_iter();
        while let Some(arg) = args.next() {
            match arg.to_str() {
                Some("-o") => output = args.next().map(PathBuf::from),
                // The ELF file keeps its symbols: we read the layout in it, and gdb wants them.
                Some("-s" | "--strip-all") => strip = true,
                Some("-pie" | "-shared") => {
                    let arg = arg.display();
                    bail!("{arg}: Plan 9 has no shared libraries; link statically")
                }
                _ => rest.push(arg),
            }
        }
        let output = output.context("no output file; give one with -o")?;
        Ok(Request { output, strip, rest })
    }
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
    fn what_cannot_be_is_refused_with_its_reason() {
        assert!(Request::parse([OsString::from("x.o")].into_iter()).is_err());
        let pie = ["-pie", "-o", "a"].map(OsString::from);
        assert!(Request::parse(pie.into_iter()).unwrap_err().to_string().contains("-pie"));
    }

    #[test]
    fn response_files_are_unquoted() {
        assert_eq!(unquote(r#""a b\\c""#), r"a b\c");
        assert_eq!(unquote("plain"), "plain");
    }
}
