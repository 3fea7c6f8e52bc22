//! Hooks are data, so that what we change upstream can be read, counted and exported.
//!
//! Each `library/hooks/*.toml` holds `[[hook]]` tables. Unknown keys are errors: a misspelt key must not turn a hook
//! into another one.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// What messages call our own library, wherever the repository lies.
pub const LIBRARY: &str = "library";

/// Where a hook's lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// First arm of the n-th `cfg_select! {` of the file, counted from 1.
    CfgSelect(usize),
    /// Whole lines after the line that holds the text.
    After(String),
    /// Whole lines before the line that holds the text.
    Before(String),
    /// In place of the text itself.
    Replace(String),
}

/// One extension of one upstream file.
#[derive(Debug, Clone)]
pub struct Hook {
    /// The upstream file, relative to `library/`.
    pub file: PathBuf,
    pub placement: Placement,
    pub lines: String,
    pub why: String,
    /// True where only tests need it.
    pub tests_only: bool,
    /// The file of hooks that it was read from, for messages.
    pub origin: PathBuf,
}

impl Hook {
    /// One that replaces.
    pub fn replacing(file: &Path, old: &str, new: &str, why: &str) -> Self {
        Self {
            file: file.to_path_buf(),
            placement: Placement::Replace(old.to_owned()),
            lines: new.to_owned(),
            why: why.to_owned(),
            tests_only: false,
            origin: PathBuf::new(),
        }
    }

    /// As a file has it.
    pub fn written(&self) -> String {
        let quoted = |text: &str| toml_edit::Value::from(text).to_string();
        let placement = match &self.placement {
            Placement::CfgSelect(n) => format!("cfg_select = {n}"),
            Placement::After(text) => format!("after = {}", quoted(text)),
            Placement::Before(text) => format!("before = {}", quoted(text)),
            Placement::Replace(text) => format!("replace = {}", quoted(text)),
        };
        format!(
            "[[hook]]\nfile = {}\n{placement}\nlines = {}\nwhy = {}\n{}",
            quoted(&self.file.display().to_string()),
            quoted(&self.lines),
            quoted(&self.why),
            if self.tests_only { "tests_only = true\n" } else { "" }
        )
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    hook: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VersionFile {
    release: String,
    #[serde(default)]
    hook: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    file: PathBuf,
    cfg_select: Option<usize>,
    after: Option<String>,
    before: Option<String>,
    replace: Option<String>,
    lines: String,
    why: String,
    #[serde(default)]
    tests_only: bool,
}

impl Raw {
    fn check(self, origin: &Path) -> Result<Hook> {
        let file = self.file.display().to_string();
        ensure!(
            self.file.components().all(|part| matches!(part, Component::Normal(_))),
            "hook on `{file}`: name the file relative to upstream's `library/`, without `..`"
        );
        ensure!(
            !self.why.trim().is_empty(),
            "hook on `{file}` has an empty `why`; say why upstream must change"
        );
        ensure!(
            !self.lines.trim().is_empty(),
            "hook on `{file}` has no `lines`; write them or delete the hook"
        );
        let mut placements = [
            self.cfg_select.map(Placement::CfgSelect),
            self.after.map(Placement::After),
            self.before.map(Placement::Before),
            self.replace.map(Placement::Replace),
        ]
        .into_iter()
        .flatten();
        let (Some(placement), None) = (placements.next(), placements.next()) else {
            bail!(
                "hook on `{file}` needs exactly one of `cfg_select`, `after`, `before`, `replace`"
            );
        };
        if let Placement::After(text) | Placement::Before(text) | Placement::Replace(text) =
            &placement
        {
            ensure!(
                !text.trim().is_empty(),
                "hook on `{file}` has an empty anchor; name text that occurs once"
            );
        }
        let origin = origin.to_path_buf();
        Ok(Hook {
            file: self.file,
            placement,
            lines: self.lines,
            why: self.why,
            tests_only: self.tests_only,
            origin,
        })
    }
}

/// Every `*.toml` of the directory, in the order of names. No directory means none.
pub fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !dir.is_dir() {
        return Ok(files);
    }
    for entry in fs::read_dir(dir).with_context(|| format!("{} cannot be listed", dir.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ext| ext == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The text of a file of hooks.
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// The hooks of every file of the directory.
pub fn read_all(dir: &Path) -> Result<Vec<Hook>> {
    let mut hooks = Vec::new();
    for path in files(dir)? {
        let parsed = parse(&read(&path)?, &path);
        hooks.extend(parsed.with_context(|| format!("mend {}", path.display()))?);
    }
    Ok(hooks)
}

/// What one version's file says.
#[derive(Debug)]
pub struct Version {
    /// What rustc calls it: `release:` of `rustc -vV`.
    pub release: String,
    pub hooks: Vec<Hook>,
}

/// Reads the text of a version's file; `origin` is for messages.
pub fn parse_version(text: &str, origin: &Path) -> Result<Version> {
    let file: VersionFile = toml::from_str(text)?;
    let hooks = file.hook.into_iter().map(|raw| raw.check(origin)).collect::<Result<_>>()?;
    Ok(Version { release: file.release, hooks })
}

/// Reads the hooks of one file's text; `origin` is for messages.
pub fn parse(text: &str, origin: &Path) -> Result<Vec<Hook>> {
    let file: File = toml::from_str(text)?;
    file.hook.into_iter().map(|raw| raw.check(origin)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", parse(text, Path::new("t.toml")).unwrap_err())
    }

    #[test]
    fn reads_each_placement() {
        for (key, want) in [
            ("cfg_select = 2", Placement::CfgSelect(2)),
            ("after = 'x'", Placement::After("x".into())),
            ("before = 'x'", Placement::Before("x".into())),
            ("replace = 'x'", Placement::Replace("x".into())),
        ] {
            let text = format!("[[hook]]\nfile = 'std/a.rs'\n{key}\nlines = 'y'\nwhy = 'z'\n");
            let hook = &parse(&text, Path::new("t.toml")).unwrap()[0];
            assert_eq!(hook.placement, want);
            let again = parse(&hook.written(), Path::new("t.toml")).unwrap();
            assert_eq!(format!("{again:?}"), format!("[{hook:?}]"));
        }
    }

    #[test]
    fn two_placements_or_none_are_refused() {
        let one = "[[hook]]\nfile = 'a.rs'\nlines = 'y'\nwhy = 'z'\n";
        assert!(error(one).contains("exactly one"));
        assert!(error(&format!("{one}after = 'x'\nbefore = 'x'\n")).contains("exactly one"));
    }

    #[test]
    fn misspelt_keys_empty_reasons_and_paths_upwards_are_refused() {
        assert!(error("[[hook]]\nfile='a'\nafterr='x'\nlines='y'\nwhy='z'\n").contains("afterr"));
        assert!(error("[[hook]]\nfile='a'\nafter='x'\nlines='y'\nwhy=' '\n").contains("why"));
        assert!(
            error("[[hook]]\nfile='../a'\nafter='x'\nlines='y'\nwhy='z'\n").contains("relative")
        );
        assert!(
            error("[[hook]]\nfile='a'\nafter=''\nlines='y'\nwhy='z'\n").contains("empty anchor")
        );
    }
}
