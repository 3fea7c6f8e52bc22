//! Getting a compiler where none is there, said aloud before it happens.

use crate::layout::RUST_VERSION;
use anyhow::{Result, bail};
use std::process::Command;

const PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Installs by rustup where it is there, else by apt where we are root.
pub fn install() -> Result<()> {
    if succeeds(Command::new("rustup").arg("--version")) {
        println!(
            "x: installing Rust {RUST_VERSION} with its library source by rustup, beside your other toolchains"
        );
        let mut rustup = Command::new("rustup");
        rustup.args([
            "toolchain",
            "install",
            RUST_VERSION,
            "--profile",
            "minimal",
            "--component",
            "rust-src",
        ]);
        if runs(&mut rustup) {
            return Ok(());
        }
        println!("x: rustup could not; looking for another way");
    }
    if is_root() && succeeds(Command::new("apt-get").arg("--version")) {
        println!("x: installing Debian's packages {} by apt-get", PACKAGES.join(", "));
        let mut apt = Command::new("apt-get");
        apt.args(["install", "--yes", "--no-install-recommends"]).args(PACKAGES);
        if runs(&mut apt) {
            return Ok(());
        }
    }
    bail!(
        "no Rust {RUST_VERSION} with its library source was found; run `rustup toolchain install {RUST_VERSION} \
         --component rust-src`, or as root `apt-get install {}`, or set PLAN9_RUSTC",
        PACKAGES.join(" ")
    )
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn runs(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}
