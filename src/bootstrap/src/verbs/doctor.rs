//! `x doctor`: what is here and what is missing, with the mend, changing nothing.

use crate::layout::{Layout, RUST_VERSION, shown};
use crate::overlay::{self, Purpose};
use crate::{toolchain, tools};
use anyhow::Result;
use std::process::ExitCode;

/// Runs the verb; fails where a build could not go through.
pub fn run(layout: &Layout) -> Result<ExitCode> {
    let mut well = true;
    match toolchain::find()? {
        Some(rust) => {
            println!("compiler   {} {} ({})", rust.rustc.display(), rust.version, rust.found);
            let from = if rust.vendor().is_some() {
                "with its crates"
            } else {
                "crates come from the network"
            };
            println!("library    {} ({from})", rust.library.display());
            match overlay::plan(&rust.library, &layout.own_library(), Purpose::Sysroot) {
                Ok(plan) => {
                    println!("overlay    fits: {} own files, {} hooks", plan.own, plan.count.hooks)
                }
                Err(error) => {
                    well = false;
                    println!("overlay    does not fit: {error:#}");
                }
            }
        }
        None => {
            well = false;
            println!(
                "compiler   none of version {RUST_VERSION} with library source; `x build` installs one"
            );
        }
    }
    let missing = tools::missing(layout);
    if missing.is_empty() {
        println!("tools      {}", tools::TOOLS.join(", "));
    } else {
        well = false;
        println!("tools      not in this tree: {}", missing.join(", "));
    }
    println!("output     {}", shown(&layout.root, &layout.build));
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
