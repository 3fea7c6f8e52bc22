//! `x run`: a program built for Plan 9 and run in the embedded machine.

use super::{build, exit_code, plan9_cargo};
use crate::layout::{Layout, TRIPLE};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::ExitCode;

/// Which program, and what it is given.
#[derive(clap::Args)]
pub struct Args {
    /// The program's Cargo.toml
    #[arg(long, default_value = "Cargo.toml")]
    pub manifest_path: PathBuf,
    /// Build with optimisation
    #[arg(long)]
    pub release: bool,
    /// The program's arguments
    #[arg(last = true)]
    pub args: Vec<String>,
}

/// Runs the verb; the program's exit code becomes ours.
pub fn run(layout: &Layout, args: &Args) -> Result<ExitCode> {
    build::all(layout)?;
    let mut cargo = plan9_cargo(layout)?;
    cargo.args(["run", "--target", TRIPLE, "--manifest-path"]).arg(&args.manifest_path);
    if args.release {
        cargo.arg("--release");
    }
    cargo.arg("--").args(&args.args);
    Ok(exit_code(
        cargo.status().context("the toolchain's cargo cannot be started; run `x doctor`")?,
    ))
}
