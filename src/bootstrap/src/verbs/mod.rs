//! One file per verb.

pub mod bench;
pub mod build;
pub mod doctor;
pub mod run;
pub mod test;

use crate::layout::{Layout, TRIPLE};
use anyhow::{Context, Result};
use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode, ExitStatus};

/// The toolchain directory's cargo with compiler, linker and runner set for our target.
pub fn plan9_cargo(layout: &Layout, machine_flags: &[&str]) -> Result<Command> {
    let bin = layout.toolchain().join("bin");
    let mut path: OsString = bin.clone().into();
    if let Some(old) = env::var_os("PATH") {
        path.push(":");
        path.push(old);
    }
    let runner = layout.tools().join("plan9-run");
    let runner =
        runner.to_str().context("PLAN9_BUILD_DIR is not UTF-8; choose another directory")?;
    let mut cargo = Command::new(bin.join("cargo"));
    cargo.env("PATH", path).env("RUSTC", bin.join("rustc")).env("RUSTDOC", bin.join("rustdoc"));
    cargo.env_remove("RUSTUP_TOOLCHAIN");
    let name = TRIPLE.to_uppercase().replace('-', "_");
    let runner = [&[runner], machine_flags].concat().join(" ");
    cargo.env(format!("CARGO_TARGET_{name}_RUNNER"), runner);
    Ok(cargo)
}

/// A child's exit code as ours; death by a signal counts as failure.
fn exit_code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
