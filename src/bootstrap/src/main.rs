//! The one entry to the project, so that nobody needs to know how a sysroot for an unknown target is made.
//!
//! Each verb is one file under `verbs`. A failure is one sentence with the cause under it and the mend in it.

mod bench;
mod cargo;
mod export;
mod layout;
mod machine;
mod overlay;
mod progress;
mod served;
mod suites;
mod sysroot;
mod toolchain;
mod tools;
mod verbs;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Build, run and test Rust programs for Plan 9.
#[derive(Parser)]
#[command(name = "x", version)]
struct Cli {
    /// Another version of Rust, as rustup names it, such as 1.99.1 or nightly-2026-10-30, in place of the newest that fits
    #[arg(long, global = true, value_name = "VERSION")]
    rust: Option<String>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Lay the fork over upstream's library, build std for Plan 9 and a toolchain directory around it
    Build(verbs::build::Args),
    /// Build a program for Plan 9 and run it in the embedded machine
    Run(verbs::run::Args),
    /// Run the test suites, all or one
    Test(verbs::test::Args),
    /// Copy the toolchain directory to a place outside the repository
    Install(verbs::install::Args),
    /// Write the fork as commits onto a checkout of rust-lang/rust
    Export(verbs::export::Args),
    /// List all of the fork that does not fit another version of Rust, and draft that version's file
    Follow(verbs::follow::Args),
    /// Measure, print ratios and write build/bench/report.html
    Bench(verbs::bench::Args),
    /// Say what was found on this machine and what is missing; changes nothing
    Doctor,
}

fn main() -> ExitCode {
    let Cli { rust, verb } = Cli::parse();
    let layout = layout::Layout::find().map(|layout| layout.with_rust(rust));
    let result = layout.and_then(|layout| match verb {
        Verb::Build(args) => verbs::build::run(&layout, &args),
        Verb::Run(args) => verbs::run::run(&layout, &args),
        Verb::Test(args) => verbs::test::run(&layout, &args),
        Verb::Install(args) => verbs::install::run(&layout, &args),
        Verb::Export(args) => verbs::export::run(&layout, &args),
        Verb::Follow(args) => verbs::follow::run(layout, &args),
        Verb::Bench(args) => verbs::bench::run(&layout, &args),
        Verb::Doctor => verbs::doctor::run(&layout),
    });
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("x: {error:#}");
            ExitCode::FAILURE
        }
    }
}
