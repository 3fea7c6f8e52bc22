//! Which compiler is taken, and what is installed where none fits: a pure function of what was found.
//!
//! Order: the one that the user names; the wanted version, as rustup's toolchain or Debian's packages; that version by
//! rustup; another version that fits, which is there; Debian's packages. The user's own compiler is taken in any version,
//! with a notice where the fork has no file for it. Others are not, for nobody asked for them.

use super::Rust;
use super::machine::{Compiler, Facts};
use crate::layout::RUST_VERSION;

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    Use(Rust),
    /// A sentence for the user, whose own choice cannot be built with.
    Refuse(String),
    /// Ways to get a compiler, to be tried in this order; where none leads to one, `Facts` hold no other.
    Install(Vec<Way>),
}

/// A way to get a compiler with its library source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// The source for rustup's toolchain of this name.
    RustupSource(String),
    RustupToolchain(String),
    /// One of an older version, which is there.
    Older(Rust),
    Apt,
}

/// The version of Debian's packages.
pub const DEBIAN_VERSION: &str = "1.96.0";

/// Debian's packages.
pub const PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Decides.
pub fn choose(facts: &Facts) -> Choice {
    match &facts.named {
        Some(Compiler::Whole(rust)) => return Choice::Use(rust.clone()),
        Some(Compiler::Lacking(why)) => return Choice::Refuse(why.clone()),
        None => {}
    }
    let there = there(facts);
    let is_wanted = matches!(&facts.toolchain, Some((_, Compiler::Whole(_))))
        || there.is_some_and(|rust| rust.version == facts.wanted);
    let rustup = match &facts.toolchain {
        Some((name, _)) => Some(Way::RustupSource(name.clone())),
        None => facts.rustup.then(|| Way::RustupToolchain(facts.wanted.clone())),
    };
    match there {
        Some(rust) if is_wanted || rustup.is_none() => return Choice::Use(rust.clone()),
        _ => {}
    }
    let mut ways: Vec<Way> = rustup.into_iter().collect();
    ways.extend(there.cloned().map(Way::Older));
    if facts.apt && facts.root && debian_will_do(facts) && there.is_none() {
        ways.push(Way::Apt);
    }
    Choice::Install(ways)
}

/// The newest compiler that is there and will do.
pub fn there(facts: &Facts) -> Option<&Rust> {
    // rustup's is known by its name: a nightly calls itself otherwise.
    if let Some((_, Compiler::Whole(rust))) = &facts.toolchain {
        return Some(rust);
    }
    let versions = [&facts.wanted].into_iter().chain(&facts.others);
    let found = facts.older.iter().chain(&facts.debian);
    let whole = found.filter_map(|compiler| match compiler {
        Compiler::Whole(rust) => Some(rust),
        Compiler::Lacking(_) => None,
    });
    let whole: Vec<&Rust> = whole.collect();
    versions
        .filter_map(|version| whole.iter().copied().find(|rust| rust.version == *version))
        .next()
}

fn debian_will_do(facts: &Facts) -> bool {
    facts.wanted == DEBIAN_VERSION || facts.others.iter().any(|other| other == DEBIAN_VERSION)
}

impl Way {
    /// What the user is told before it happens.
    pub fn announcement(&self) -> String {
        match self {
            Self::RustupSource(name) => {
                format!("adding the library source to rustup's toolchain {name}")
            }
            Self::RustupToolchain(version) => format!(
                "installing Rust {version} with its library source by rustup, beside your other toolchains"
            ),
            Self::Older(rust) => format!("taking Rust {} ({})", rust.version, rust.found),
            Self::Apt => {
                format!("installing Debian's packages {} by apt-get", PACKAGES.join(", "))
            }
        }
    }

    /// The command lines, to be run in order.
    pub fn commands(&self) -> Vec<Vec<&str>> {
        match self {
            Self::RustupSource(name) => {
                vec![vec!["rustup", "component", "add", "rust-src", "--toolchain", name]]
            }
            Self::RustupToolchain(version) => vec![vec![
                "rustup",
                "toolchain",
                "install",
                version,
                "--profile",
                "minimal",
                "--component",
                "rust-src,clippy,rustfmt",
            ]],
            Self::Older(_) => vec![],
            Self::Apt => {
                let install = ["apt-get", "install", "--yes", "--no-install-recommends"];
                vec![vec!["apt-get", "update"], [&install[..], &PACKAGES].concat()]
            }
        }
    }
}

/// The one sentence where no way is open.
pub fn mend(facts: &Facts) -> String {
    let wanted = &facts.wanted;
    let mut mends = Vec::new();
    if let Some((name, _)) = &facts.toolchain {
        mends.push(format!("`rustup component add rust-src --toolchain {name}`"));
    } else {
        mends.push(format!(
            "`rustup toolchain install {wanted} --profile minimal --component rust-src,clippy,rustfmt`"
        ));
    }
    let packages = PACKAGES.join(" ");
    match (debian_will_do(facts), facts.apt) {
        (true, true) => mends.push(format!("as root `apt-get install {packages}`")),
        (true, false) => mends.push(format!("Debian 12's packages {packages}")),
        (false, _) => {}
    }
    // A version that is named comes before that compiler.
    let named = if wanted == RUST_VERSION { ", or set PLAN9_RUSTC to its rustc" } else { "" };
    format!(
        "no Rust {wanted} with its library source was found; use {}{named}",
        mends.join(", or ")
    )
}
