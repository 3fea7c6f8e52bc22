//! `x follow VERSION`: what of the fork does not fit another version of Rust, all at once, with the nearest place in the
//! new source, and the beginning of that version's file.

use crate::layout::{Layout, RUST_VERSION, shown};
use crate::overlay::{self, Misfit, Purpose, Written};
use crate::toolchain;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Which version.
#[derive(clap::Args)]
pub struct Args {
    /// A release such as 1.99.1, or a nightly such as nightly-2026-10-30, which rustup has or can get
    pub version: String,
    /// Write our library as that version needs it to a new folder, to be edited
    #[arg(long, value_name = "DIR")]
    pub copy: Option<PathBuf>,
    /// Make the version's file from such a folder
    #[arg(long, value_name = "DIR", conflicts_with = "copy")]
    pub edited: Option<PathBuf>,
}

/// Runs the verb; fails if something does not fit.
pub fn run(layout: Layout, args: &Args) -> Result<ExitCode> {
    let version = &args.version;
    let layout = layout.with_rust(Some(version.clone()));
    let rust = toolchain::find_or_install(&layout)?;
    let (library, root) = (layout.own_library(), layout.root.clone());
    if let Some(to) = &args.copy {
        let files = overlay::copy(&library, &rust.version, to)?;
        println!(
            "{}: {files} files; edit them, then `x follow {version} --edited` it",
            to.display()
        );
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(edited) = &args.edited {
        let Written { text, hooks, unexplained } =
            overlay::written(&library, &rust.version, edited)?;
        let place = shown(&root, &write(&library, version, &text)?);
        println!(
            "{place}: {hooks} hooks, {unexplained} without a reason; write those, then rename it to {version}.toml"
        );
        return Ok(ExitCode::SUCCESS);
    }
    let purpose = Purpose::Sysroot;
    let (plan, mut misfits) = overlay::attempt(&rust.library, &library, &rust.version, purpose)?;
    let own = toolchain::found(&layout.with_rust(None));
    match own.filter(|own| own.version == RUST_VERSION) {
        Some(own) => {
            let (old, new) = (&own.library, &rust.library);
            misfits.extend(overlay::mistaken(old, new, &library, &rust.version)?);
        }
        None => println!(
            "Rust {RUST_VERSION} is not here to compare with, so look yourself at hooks by the number of a cfg_select"
        ),
    }
    println!(
        "Rust {}: {} misfits among {} hooks and {} own files",
        rust.version,
        misfits.len(),
        plan.count.hooks,
        plan.own
    );
    let mut by_file: BTreeMap<&Path, Vec<&Misfit>> = BTreeMap::new();
    for misfit in &misfits {
        by_file.entry(&misfit.file).or_default().push(misfit);
    }
    for (file, misfits) in &by_file {
        println!("{}", file.display());
        misfits.iter().for_each(|misfit| println!("{misfit}"));
    }
    if misfits.is_empty() {
        println!("`x build --rust {version}` says what does not compile");
        return Ok(ExitCode::SUCCESS);
    }
    let text = draft(&rust.version, &misfits, &library)?;
    let place = write(&library, version, &text)?;
    println!(
        "drafted {}: go through it, rename it to {version}.toml, then `x build --rust {version}`",
        shown(&root, &place)
    );
    Ok(ExitCode::FAILURE)
}

/// Beside the version's file, which may be there already, under a name that nothing reads.
fn write(library: &Path, version: &str, text: &str) -> Result<PathBuf> {
    let folder = library.join(overlay::VERSIONS);
    let place = folder.join(format!("{version}.toml.draft"));
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&place, text))
        .with_context(|| format!("{} cannot be written", place.display()))?;
    Ok(place)
}

fn draft(release: &str, misfits: &[Misfit], library: &Path) -> Result<String> {
    let mut text = format!(
        "# What Rust {release} needs that {RUST_VERSION} does not.\nrelease = {release:?}\n"
    );
    for misfit in misfits {
        text.push('\n');
        text += &misfit.draft(library)?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_leaves_the_versions_file_as_it_is() {
        let library = tempfile::tempdir().unwrap();
        let file = library.path().join("versions/1.2.3.toml");
        fs::create_dir(library.path().join("versions")).unwrap();
        fs::write(&file, "a person's").unwrap();
        let misfit = Misfit::of_file(Path::new("std/src/a.rs"), "a.rs exists upstream too".into());
        let text = draft("1.2.3", &[misfit], library.path()).unwrap();
        let place = write(library.path(), "1.2.3", &text).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "a person's");
        let text = fs::read_to_string(&place).unwrap();
        assert!(text.ends_with("release = \"1.2.3\"\n\n# a.rs exists upstream too\n"), "{text}");
    }
}
