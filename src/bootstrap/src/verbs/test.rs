//! `x test`: the host's tests, or with `--manifest-path` a crate's tests in the embedded machine.

use super::{build, exit_code, plan9_cargo};
use crate::layout::{Layout, TRIPLE};
use crate::toolchain;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::ExitCode;

/// Which tests.
#[derive(clap::Args)]
pub struct Args {
    /// Test this crate on Plan 9, not the host side
    #[arg(long)]
    pub manifest_path: Option<PathBuf>,
    /// For the tests' own harness
    #[arg(last = true)]
    pub args: Vec<String>,
}

/// Runs the verb; cargo's exit code becomes ours.
pub fn run(layout: &Layout, args: &Args) -> Result<ExitCode> {
    let mut cargo = match &args.manifest_path {
        Some(manifest) => {
            build::all(layout)?;
            let mut cargo = plan9_cargo(layout)?;
            cargo.args(["test", "--target", TRIPLE, "--manifest-path"]).arg(manifest);
            cargo
        }
        None => {
            let mut cargo = toolchain::user_cargo();
            cargo.current_dir(&layout.root).args(["test", "--workspace"]);
            cargo
        }
    };
    cargo.arg("--").args(&args.args);
    Ok(exit_code(
        cargo.status().context("cargo cannot be started; install Rust (rustup) or set CARGO")?,
    ))
}
