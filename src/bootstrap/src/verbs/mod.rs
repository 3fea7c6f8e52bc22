//! One file per verb.

pub mod bench;
pub mod build;
pub mod doctor;
pub mod export;
pub mod follow;
pub mod install;
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
    let mut cargo = Command::new(bin.join("cargo"));
    cargo.env("PATH", path).env("RUSTC", bin.join("rustc")).env("RUSTDOC", bin.join("rustdoc"));
    cargo.env_remove("RUSTUP_TOOLCHAIN");
    cargo.env(runner_variable(), runner(layout, machine_flags)?);
    layout.machine.tell(&mut cargo);
    Ok(cargo)
}

/// The variable that tells cargo what runs our target's programs.
pub fn runner_variable() -> String {
    format!("CARGO_TARGET_{}_RUNNER", TRIPLE.to_uppercase().replace('-', "_"))
}

/// The machine with its flags, as cargo takes it.
pub fn runner(layout: &Layout, machine_flags: &[&str]) -> Result<String> {
    let machine = layout.tools().join("plan9-run");
    let machine =
        machine.to_str().context("PLAN9_BUILD_DIR is not UTF-8; choose another directory")?;
    Ok([&[machine], machine_flags].concat().join(" "))
}

/// A child's exit code as ours; death by a signal counts as failure.
fn exit_code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
