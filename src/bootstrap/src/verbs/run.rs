//! `x run`: a program built for Plan 9 and run in the embedded machine, or on another.

use super::{build, exit_code, plan9_cargo};
use crate::layout::{Layout, TRIPLE};
use crate::machine;
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Which program, and what it is given.
#[derive(clap::Args)]
pub struct Args {
    /// The name of a folder of src/examples, or a folder with a Cargo.toml, or a single .rs file
    pub program: PathBuf,
    /// Build with optimisation
    #[arg(long)]
    pub release: bool,
    /// TCP between two programs goes through transmit queues, as towards another machine
    #[arg(long)]
    pub no_splice: bool,
    /// Print how often each system call was made
    #[arg(long)]
    pub stats: bool,
    /// Print one line a system call
    #[arg(long)]
    pub trace: bool,
    #[command(flatten)]
    pub on: machine::Args,
    /// The program's arguments
    #[arg(last = true)]
    pub args: Vec<String>,
}

impl Args {
    fn machine_flags(&self) -> Vec<&'static str> {
        let chosen =
            [("--no-splice", self.no_splice), ("--stats", self.stats), ("--trace", self.trace)];
        chosen.into_iter().filter(|&(_, on)| on).map(|(flag, _)| flag).collect()
    }
}

/// Runs the verb; the program's exit code becomes ours.
pub fn run(layout: &Layout, args: &Args) -> Result<ExitCode> {
    let program = find(layout, &args.program)?;
    build::all(layout)?;
    let layout = &layout.on(args.on.machine(|| layout.served())?);
    let flags = args.machine_flags();
    ensure!(
        flags.is_empty() || layout.machine.is_embedded(),
        "{} is for the embedded machine, and the program is to run on {}; leave out one of them",
        flags.join(" "),
        layout.machine.name()
    );
    if program.extension().is_some_and(|extension| extension == "rs") {
        let binary = layout.build.join("run").join(program.file_stem().unwrap_or_default());
        compile(layout, &program, &binary, if args.release { &["-O"] } else { &[] })?;
        let mut machine = Command::new(layout.tools().join("plan9-run"));
        layout.machine.tell(&mut machine);
        let status = machine
            .args(flags)
            .arg(&binary)
            .args(&args.args)
            .status()
            .context("plan9-run cannot be started; run `x build`")?;
        return Ok(exit_code(status));
    }
    let mut cargo = plan9_cargo(layout, &flags)?;
    cargo.args(["run", "--quiet", "--target", TRIPLE, "--manifest-path"]).arg(&program);
    cargo.arg("--target-dir").arg(layout.build.join("run/target"));
    if args.release {
        cargo.arg("--release");
    }
    cargo.arg("--").args(&args.args);
    Ok(exit_code(
        cargo.status().context("the toolchain's cargo cannot be started; run `x doctor`")?,
    ))
}

/// The manifest or source file that a name stands for.
fn find(layout: &Layout, name: &Path) -> Result<PathBuf> {
    let example = layout.root.join("src/examples").join(name).join("Cargo.toml");
    let candidates = [example, name.join("Cargo.toml"), name.to_path_buf()];
    match candidates.into_iter().find(|file| file.is_file()) {
        Some(file) => Ok(file),
        None => bail!(
            "{} is no example of src/examples, no folder with a Cargo.toml and no .rs file; give one of these",
            name.display()
        ),
    }
}

/// Compiles a single file for Plan 9.
pub fn compile(layout: &Layout, source: &Path, binary: &Path, flags: &[&str]) -> Result<()> {
    if let Some(folder) = binary.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    let output = Command::new(layout.toolchain().join("bin/rustc"))
        .args(["--edition", "2024", "--target", TRIPLE])
        .args(flags)
        .arg("-o")
        .arg(binary)
        .arg(source)
        .output()
        .context("the toolchain's rustc cannot be started; run `x build`")?;
    if !output.status.success() {
        bail!("{} did not compile\n{}", source.display(), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
