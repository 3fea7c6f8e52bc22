//! A program run on another machine, where `plan9-remote` answers, as if it ran here.

mod flags;

pub use flags::Flags;

use anyhow::{Result, bail};
use flags::Place;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the command there; its exit code becomes ours.
pub fn run(
    place: Place,
    _flags: &Flags,
    _binds: Vec<(String, String)>,
    _variables: Vec<(String, Vec<u8>)>,
    _command: Vec<OsString>,
) -> Result<ExitCode> {
    bail!("no program can be run at {place} yet")
}
