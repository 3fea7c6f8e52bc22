//! The examples, which check themselves, with and without splicing.

use super::{Report, programs};
use crate::layout::Layout;
use crate::verbs::run::compile;
use anyhow::{Result, ensure};
use std::path::Path;

/// Runs the suite.
pub fn run(layout: &Layout, part: &str, report: &mut Report) -> Result<()> {
    for item in std::fs::read_dir(layout.root.join("src/examples"))? {
        let folder = item?.path();
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.contains(part) {
            continue;
        }
        for flags in layout.machine.kinds(&[&[], &["--no-splice"]]) {
            let title = format!("examples/{name} {}", flags.join(" "));
            report.record(title.trim_end(), test(layout, &folder, &name, flags));
        }
    }
    Ok(())
}

fn test(layout: &Layout, folder: &Path, name: &str, flags: &[&str]) -> Result<()> {
    let binary = layout.build.join("test/examples").join(name);
    compile(layout, &folder.join("src/main.rs"), &binary, &["-O"])?;
    let ended = programs::run(layout, flags, &binary, &[])?;
    ensure!(ended.code == 0, "{}{}", ended.stdout, ended.stderr);
    Ok(())
}
