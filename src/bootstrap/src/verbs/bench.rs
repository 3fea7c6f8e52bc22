//! `x bench`: what timeouts cost, measured in one run.

use super::build;
use crate::bench;
use crate::layout::Layout;
use crate::machine;
use anyhow::Result;
use clap::builder::PossibleValuesParser;
use std::process::ExitCode;

/// Which part, and how thoroughly.
#[derive(clap::Args)]
pub struct Args {
    /// One part alone; all without it
    #[arg(value_parser = PossibleValuesParser::new(bench::names()))]
    pub part: Option<String>,
    /// A smoke run of some seconds whose figures mean little
    #[arg(long)]
    pub quick: bool,
    #[command(flatten)]
    pub on: machine::Args,
}

/// Runs the verb; fails if a program is broken, not if it is slow.
pub fn run(layout: &Layout, args: &Args) -> Result<ExitCode> {
    build::all(layout)?;
    let layout = &layout.on(args.on.machine(|| layout.served())?);
    bench::run(layout, args.part.as_deref(), args.quick)?;
    Ok(ExitCode::SUCCESS)
}
