//! `x build`: overlay, sysroot, tools, toolchain directory, in this order, each only as far as something changed.

use crate::cargo;
use crate::layout::{Layout, shown};
use crate::overlay::{self, Purpose};
use crate::progress::Step;
use crate::sysroot::{self, Place};
use crate::toolchain::{self, Rust};
use crate::tools;
use anyhow::Result;
use std::process::ExitCode;

/// How far to go.
#[derive(clap::Args)]
pub struct Args {
    /// Stop after the overlaid source tree
    #[arg(long)]
    pub overlay_only: bool,
}

/// Runs the verb.
pub fn run(layout: &Layout, args: &Args) -> Result<ExitCode> {
    let rust = toolchain::find_or_install(layout)?;
    lay_over(layout, &rust)?;
    if !args.overlay_only {
        rest(layout, &rust)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Everything, for the verbs that need a finished toolchain directory.
pub fn all(layout: &Layout) -> Result<()> {
    let rust = toolchain::find_or_install(layout)?;
    lay_over(layout, &rust)?;
    rest(layout, &rust)
}

fn lay_over(layout: &Layout, rust: &Rust) -> Result<()> {
    let step = Step::start("overlay");
    let plan =
        overlay::plan(&rust.library, &layout.own_library(), &rust.version, Purpose::Sysroot)?;
    step.at(format!("{} files", plan.files.len()));
    let written = overlay::write(&plan, &layout.overlaid_library())?;
    if written.written > 0 && rust.vendor().is_none() {
        cargo::complete_lock(rust, &layout.overlaid_library())?;
    }
    let count = plan.count;
    step.done(&format!(
        "{} own files, {} hooks in {} files: {} lines added, {} changed, {} for tests only; {} files written, {} removed",
        plan.own,
        count.hooks,
        plan.hooked,
        count.added,
        count.changed,
        count.tests_only,
        written.written,
        written.removed
    ));
    Ok(())
}

fn rest(layout: &Layout, rust: &Rust) -> Result<()> {
    let place = Place {
        library: &layout.overlaid_library(),
        target_dir: &layout.sysroot_target(),
        rustc: &rust.rustc,
        offline: rust.vendor().is_some(),
    };
    let rlibs = sysroot::build(layout, rust, &place)?;
    let toolchain = layout.toolchain();
    let hash = sysroot::install(&rlibs, &tools::target_dir(&toolchain).join("lib"))?;
    tools::build(layout)?;
    tools::lay_out(layout, rust, &toolchain, &hash)?;
    tools::build_server(layout)?;
    println!("toolchain: {}", shown(&layout.root, &toolchain));
    Ok(())
}
