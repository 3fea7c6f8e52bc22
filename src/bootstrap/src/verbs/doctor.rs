//! `x doctor`: what is here and what is missing, with the mend for each, changing nothing.

use crate::layout::{Layout, shown};
use crate::overlay::{self, Purpose};
use crate::toolchain::{self, Choice, Compiler, Facts, Machine, Rust};
use crate::tools;
use anyhow::Result;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// One line of the report: what it is about, and what is so, or what is missing with its mend.
struct Line {
    about: &'static str,
    text: String,
    /// Without it nothing can be built or run.
    missing: bool,
}

/// Runs the verb; fails where a build or run could not go through.
pub fn run(layout: &Layout) -> Result<ExitCode> {
    let machine = Machine::this(layout);
    let facts = machine.facts();
    let choice = toolchain::choose(&facts);
    let mut lines = vec![compiler(&facts, &choice, &overlay::releases(&layout.own_library())?)];
    if let Choice::Use(rust) = &choice {
        lines.extend(library(layout, rust));
    }
    lines.push(host_linker(&machine));
    lines.push(target_linker(&machine, &choice));
    if let Choice::Use(rust) = &choice {
        lines.push(c_parts(&machine, rust));
    }
    lines.push(own_tools(layout));
    lines.push(tracing(fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").ok().as_deref()));
    lines.push(go(&machine));
    lines.push(Line { about: "output", text: shown(&layout.root, &layout.build), missing: false });
    for line in &lines {
        let mark = if line.missing { "MISSING " } else { "" };
        println!("{:<10} {mark}{}", line.about, line.text);
    }
    let well = lines.iter().all(|line| !line.missing);
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn compiler(facts: &Facts, choice: &Choice, releases: &[String]) -> Line {
    let (text, missing) = match choice {
        Choice::Use(rust) => {
            let fits = match releases.contains(&rust.version) {
                true => String::new(),
                false => format!("; the fork fits {}", releases.join(", ")),
            };
            let place = rust.rustc.display();
            (format!("{place} {} ({}){fits}", rust.version, rust.found), false)
        }
        Choice::Refuse(why) => (why.clone(), true),
        Choice::Install(ways) => match ways.first() {
            Some(way) => (
                format!(
                    "none of version {} with its library source; `./x build` starts with {}",
                    facts.wanted,
                    way.announcement()
                ),
                true,
            ),
            None => (toolchain::mend(facts), true),
        },
    };
    let lacking = match &facts.toolchain {
        Some((name, Compiler::Lacking(why))) => format!(" (rustup's {name}: {why})"),
        _ => String::new(),
    };
    Line { about: "compiler", text: format!("{text}{lacking}"), missing }
}

fn library(layout: &Layout, rust: &Rust) -> [Line; 2] {
    let from = match rust.vendor() {
        Some(_) => "with its crates",
        None => "its crates come from the network the first time",
    };
    let text = format!("{} ({from})", rust.library.display());
    let (fits, missing) = match overlay::plan(
        &rust.library,
        &layout.own_library(),
        &rust.version,
        Purpose::Sysroot,
    ) {
        Ok(plan) => (format!("fits: {} own files, {} hooks", plan.own, plan.count.hooks), false),
        Err(error) => (format!("does not fit: {error:#}"), true),
    };
    [
        Line { about: "library", text, missing: false },
        Line { about: "overlay", text: fits, missing },
    ]
}

fn host_linker(machine: &Machine) -> Line {
    let found = machine.find("cc");
    let text = match &found {
        Some(cc) => format!("{}, for the tools", cc.display()),
        None => "no `cc` for the tools; install gcc".to_owned(),
    };
    Line { about: "cc", text, missing: found.is_none() }
}

/// As `plan9-ld` looks for it: rustc puts its own tools on PATH.
fn target_linker(machine: &Machine, choice: &Choice) -> Line {
    let named = std::env::var_os("PLAN9_LD").map(PathBuf::from);
    let own = match choice {
        Choice::Use(rust) => toolchain::tool_folder(rust).map(|folder| folder.join("rust-lld")),
        _ => None,
    };
    let found = named
        .or(own.filter(|file| file.is_file()))
        .or_else(|| ["ld.lld", "lld", "ld"].iter().find_map(|name| machine.find(name)));
    let text = match &found {
        Some(linker) => format!("{}, for programs", linker.display()),
        None => "no lld and no GNU ld for programs; install lld or binutils".to_owned(),
    };
    Line { about: "linker", text, missing: found.is_none() }
}

/// The C compiler for crates that bring C.
fn c_parts(machine: &Machine, rust: &Rust) -> Line {
    let found = toolchain::host(rust).ok().and_then(|host| toolchain::c_compiler(machine, host));
    let text = match found {
        Some(c) => format!("{}, for crates with C in them", c.compiler.display()),
        None => "none for crates with C in them; install clang, or name one by PLAN9_CC".to_owned(),
    };
    Line { about: "C", text, missing: false }
}

fn own_tools(layout: &Layout) -> Line {
    let missing = tools::missing(layout);
    let text = match missing.is_empty() {
        true => tools::TOOLS.join(", "),
        false => format!("not in this tree: {}; take a whole checkout", missing.join(", ")),
    };
    Line { about: "tools", text, missing: !missing.is_empty() }
}

/// Whether plan9-run may trace the processes that it starts.
fn tracing(scope: Option<&str>) -> Line {
    let forbidden = scope.is_some_and(|scope| scope.trim() == "3");
    let text = match forbidden {
        true => {
            "forbidden here, so plan9-run cannot run; boot with kernel.yama.ptrace_scope below 3"
        }
        false => "allowed, for plan9-run",
    };
    Line { about: "ptrace", text: text.to_owned(), missing: forbidden }
}

fn go(machine: &Machine) -> Line {
    let found = std::env::var_os("PLAN9_GO").map(PathBuf::from).or_else(|| machine.find("go"));
    let text = match found {
        Some(go) => format!("{}, for the suite go", go.display()),
        None => "none; the suite go is skipped; install golang-go to run it".to_owned(),
    };
    Line { about: "go", text, missing: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_says_its_mend() {
        let releases = ["1.96.0".to_owned()];
        let facts = Facts { wanted: releases[0].clone(), apt: true, ..Facts::default() };
        let line = compiler(&facts, &toolchain::choose(&facts), &releases);
        assert!(line.missing && line.text.contains("apt-get install"), "{}", line.text);
        let facts = Facts { root: true, ..facts };
        let line = compiler(&facts, &toolchain::choose(&facts), &releases);
        assert!(line.missing && line.text.contains("`./x build` starts with installing Debian's"));
        assert!(tracing(Some("3\n")).missing && !tracing(Some("1\n")).missing);
        assert!(!tracing(None).missing);
    }
}
