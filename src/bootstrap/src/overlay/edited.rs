//! A version's file made from a copy of our library that was edited until it fitted: whoever follows upstream changes code,
//! and reasons are all that is left to write.

use super::difference;
use super::hook::{self, Hook};
use super::source::listed;
use super::version::{Own, VERSIONS, of_release};
use crate::layout::RUST_VERSION;
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};

/// A version's file.
#[derive(Debug)]
pub struct Written {
    pub text: String,
    pub hooks: usize,
    /// Hooks whose reason a person has to write.
    pub unexplained: usize,
}

/// Writes our library as a release needs it to a new folder; how many files it has.
pub fn copy(library: &Path, release: &str, to: &Path) -> Result<usize> {
    ensure!(!to.exists(), "{} is there already; name a folder that is not", to.display());
    let own = Own::new(library, release)?;
    if let Some(misfit) = own.misfits.first() {
        bail!("{}", misfit.why);
    }
    let files = ours(library)?;
    for file in &files {
        let place = to.join(file);
        let (folder, bytes) = (place.parent().unwrap_or(to), own.source(file).bytes()?);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&place, bytes))
            .with_context(|| format!("{} cannot be written", place.display()))?;
    }
    Ok(files.len())
}

/// The file by which our library becomes that copy. Reasons of the present file are kept, and its hooks on upstream's files.
pub fn written(library: &Path, release: &str, edited: &Path) -> Result<Written> {
    let (files, others) = (ours(library)?, ours(edited)?);
    let differs = files.iter().find(|file| !others.contains(file));
    if let Some(file) = differs.or_else(|| others.iter().find(|file| !files.contains(file))) {
        bail!(
            "{} is in one of {} and {} alone; a version changes files, so give every version all of them",
            file.display(),
            library.display(),
            edited.display()
        );
    }
    let present = of_release(library, release)?;
    let mut hooks = Vec::new();
    for file in &files {
        let (old, new) = (hook::read(&library.join(file))?, hook::read(&edited.join(file))?);
        for change in difference::between(&old, &new) {
            let is_same = |hook: &&Hook| {
                hook.file == *file && hook.lines.trim_matches('\n') == change.new.trim_matches('\n')
            };
            let known = present.iter().find(is_same);
            let why = known.map_or("", |hook| &hook.why);
            hooks.push(Hook::replacing(file, &change.old, &change.new, why));
        }
    }
    hooks.extend(present.into_iter().filter(|hook| !files.contains(&hook.file)));
    let mut text = format!(
        "# What Rust {release} needs that {RUST_VERSION} does not.\nrelease = {release:?}\n"
    );
    for hook in &hooks {
        text.push('\n');
        text += &hook.written();
    }
    let unexplained = hooks.iter().filter(|hook| hook.why.is_empty()).count();
    Ok(Written { text, hooks: hooks.len(), unexplained })
}

/// The files of a library of ours but those of versions.
fn ours(library: &Path) -> Result<Vec<PathBuf>> {
    let mut files = listed(library)?;
    files.retain(|file| !file.starts_with(VERSIONS));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRESENT: &str = "release = '1.2.3'\n[[hook]]\nfile = 'std/a.rs'\nreplace = '''\nb\n'''\nlines = '''\nc\n'''\n\
                           why = 'said'\n[[hook]]\nfile = 'std/upstreams.rs'\ncfg_select = 2\nlines = 'x'\n\
                           why = 'kept'\ntests_only = true\n";

    fn put(place: &Path, text: &str) {
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }

    #[test]
    fn what_is_edited_becomes_the_versions_file_with_the_reasons_that_were_there() {
        let folder = tempfile::tempdir().unwrap();
        let (library, edited) = (folder.path().join("library"), folder.path().join("edited"));
        put(&library.join("std/a.rs"), "a\nb\n");
        put(&library.join("hooks/h.toml"), "# '''\n");
        put(&library.join("versions/1.2.3.toml"), PRESENT);
        assert_eq!(copy(&library, "1.2.3", &edited).unwrap(), 2);
        assert_eq!(fs::read_to_string(edited.join("std/a.rs")).unwrap(), "a\nc\n");
        assert!(copy(&library, "1.2.3", &edited).unwrap_err().to_string().contains("already"));
        put(&edited.join("hooks/h.toml"), "# '''\n# \"new\"\n");

        let written_text = written(&library, "1.2.3", &edited).unwrap();
        assert_eq!((written_text.hooks, written_text.unexplained), (3, 1));
        let text = written_text.text.replace("why = \"\"", "why = 'w'");
        put(&library.join("versions/1.2.3.toml"), &text);
        let again = folder.path().join("again");
        copy(&library, "1.2.3", &again).unwrap();
        for file in ["std/a.rs", "hooks/h.toml"] {
            let texts =
                [&edited, &again].map(|place| fs::read_to_string(place.join(file)).unwrap());
            assert_eq!(texts[0], texts[1], "{file}");
        }
        let hooks = of_release(&library, "1.2.3").unwrap();
        let whys: Vec<&str> = hooks.iter().map(|hook| hook.why.as_str()).collect();
        assert_eq!(whys, ["w", "said", "kept"]);
        assert!(hooks[2].tests_only);

        put(&edited.join("std/b.rs"), "");
        let error = written(&library, "1.2.3", &edited).unwrap_err().to_string();
        assert!(error.starts_with("std/b.rs is in one of"), "{error}");
    }
}
