//! `x export`: the fork as commits for upstream, or the proof that they are the fork.

use crate::export;
use crate::layout::Layout;
use crate::progress::Step;
use crate::toolchain;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::ExitCode;

/// Where to.
#[derive(clap::Args)]
pub struct Args {
    /// A clean checkout of rust-lang/rust, of a version that the fork fits; of its parts other than `library/` any may be missing
    #[arg(required_unless_present = "check")]
    pub dir: Option<PathBuf>,
    /// Prove, in a temporary folder, that the commits end in the tree that `x build` builds
    #[arg(long, conflicts_with = "dir")]
    pub check: bool,
}

/// Runs the verb.
pub fn run(layout: &Layout, args: &Args) -> Result<ExitCode> {
    if args.check {
        let rust = toolchain::find_or_install(layout)?;
        let step = Step::start("export");
        let checked = export::check(layout, &rust)?;
        step.done(&format!(
            "{} commits end in the overlay's {} files",
            checked.commits, checked.files
        ));
        return Ok(ExitCode::SUCCESS);
    }
    let dir = args.dir.as_deref().context("name a checkout of rust-lang/rust, or give --check")?;
    let exported = export::into(layout, dir)?;
    for (subject, files) in &exported.commits {
        println!("{subject} ({files} files)");
    }
    for inner in &exported.submodules {
        println!(
            "{inner} is a repository of its own: its part is on its own branch {}",
            exported.branch
        );
    }
    if !exported.lacking.is_empty() {
        println!("not in this checkout, so left out: {}", exported.lacking.join(", "));
    }
    println!("branch {} of {}", exported.branch, dir.display());
    Ok(ExitCode::SUCCESS)
}
