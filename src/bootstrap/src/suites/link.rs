//! One program under every kind of profile, linked by every linker that is there (`tests/link`).

use super::{Report, link_lines, programs};
use crate::layout::{Layout, TRIPLE};
use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::fs;
use std::process::Command;

/// What each profile gives rustc, and whether functions keep their names under it.
const PROFILES: [(&str, &[&str], bool); 9] = [
    ("debug", &["-Cdebuginfo=2"], true),
    ("release", &["-Copt-level=3"], true),
    ("release-lines", &["-Copt-level=3", "-Cdebuginfo=line-tables-only"], true),
    ("size", &["-Copt-level=z"], true),
    ("lto-fat", &["-Copt-level=3", "-Clto=fat"], true),
    ("lto-thin", &["-Copt-level=3", "-Clto=thin"], true),
    ("lto-size", &["-Copt-level=z", "-Clto=fat", "-Ccodegen-units=1"], true),
    ("strip-debuginfo", &["-Cdebuginfo=2", "-Cstrip=debuginfo"], true),
    ("strip-symbols", &["-Copt-level=3", "-Cstrip=symbols"], false),
];

/// Runs the suite. The first linker is the one that `plan9-ld` chooses by itself.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut linkers: Vec<(&str, Option<OsString>)> = vec![("chosen", None)];
    for name in ["ld", "ld.lld"] {
        let found = std::env::split_paths(&path).map(|folder| folder.join(name));
        match { found }.find(|file| file.is_file()) {
            Some(file) => linkers.push((name, Some(file.into()))),
            None => report.skip(&format!("link/{name}"), "it is not on PATH"),
        }
    }
    for (linker, program) in linkers {
        for profile in PROFILES {
            let title = format!("link/{linker}/{}", profile.0);
            if title.contains(part) {
                let name = format!("{linker}-{}", profile.0);
                report.record(&title, test(layout, &name, program.as_ref(), profile));
            }
        }
    }
    Ok(())
}

fn test(
    layout: &Layout,
    name: &str,
    linker: Option<&OsString>,
    (_, flags, named): (&str, &[&str], bool),
) -> Result<()> {
    let folder = layout.build.join("test/link");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let binary = folder.join(name);
    let mut rustc = Command::new(layout.toolchain().join("bin/rustc"));
    rustc.args(["--edition", "2024", "--target", TRIPLE]).args(flags);
    rustc.arg("-o").arg(&binary).arg(layout.root.join("tests/link/profiles.rs"));
    match linker {
        Some(linker) => rustc.env("PLAN9_LD", linker),
        None => rustc.env_remove("PLAN9_LD"),
    };
    let output =
        rustc.output().context("the toolchain's rustc cannot be started; run `x build`")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let ended = programs::run(layout, &[], &binary, &[])?;
    ensure!(ended.code == 0, "exit code {}: {}", ended.code, ended.stderr);
    let expected = format!("named {named}, caught Some(\"bottom\"), dropped 6, 7, 0\n");
    programs::same("standard output", &expected, &ended.stdout)?;
    // gdb's file keeps what the executable lost.
    let mut elf = binary.clone().into_os_string();
    elf.push(".elf");
    match flags.iter().any(|flag| flag.starts_with("-Cstrip")) {
        true => link_lines::none(&binary)?,
        false => link_lines::test(&binary, elf.as_ref())?,
    }
    let elf = fs::read(&elf).with_context(|| format!("{} cannot be read", elf.display()))?;
    let holds = |text: &str| elf.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    ensure!(holds("a_named_function"), "the ELF file has no names");
    if flags == ["-Cdebuginfo=2"] {
        ensure!(holds(".debug_info"), "the ELF file has no debugging information");
    }
    Ok(())
}
