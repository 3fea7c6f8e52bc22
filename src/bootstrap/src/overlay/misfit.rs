//! What of ours does not fit a version of Rust, and the place in its text that is most like what a hook looks for: a
//! person who follows upstream should have to judge, not to search.
//!
//! Likeness is the share of pairs of letters that two texts have in common (Sørensen and Dice), over runs of as many
//! lines as the anchor has.

use super::hook::{self, Hook, LIBRARY, Placement};
use super::place;
use anyhow::Result;
use std::fmt;
use std::path::{Path, PathBuf};

/// What is less alike than this is no place worth showing.
const ALIKE: f64 = 0.4;

/// A run of lines of the new text.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The first line, from 1.
    pub line: usize,
    pub text: String,
}

/// One hook, file or cut that does not fit.
#[derive(Debug, Clone)]
pub struct Misfit {
    /// The file it is about, relative to `library/`.
    pub file: PathBuf,
    /// `None` where it is no hook.
    pub hook: Option<Hook>,
    /// Why not, in one sentence that names the file, and the anchor of a hook.
    pub why: String,
    pub nearest: Option<Place>,
}

/// Applies those of one file's hooks that fit its text, and adds the others to `misfits`.
pub fn apply_fitting(text: &str, hooks: &[&Hook], misfits: &mut Vec<Misfit>) -> Result<String> {
    let mut fitting = Vec::new();
    for hook in hooks {
        match place::fits(text, hook) {
            Ok(()) => fitting.push(*hook),
            Err(why) => misfits.push(Misfit {
                file: hook.file.clone(),
                hook: Some((*hook).clone()),
                why: format!("{why:#}"),
                nearest: anchor(hook).and_then(|anchor| nearest(text, anchor)),
            }),
        }
    }
    place::apply(text, &fitting)
}

impl Misfit {
    /// A hook on a file that upstream does not have; a file of that name elsewhere may be it.
    pub fn missing_file<'a>(hook: &Hook, mut files: impl Iterator<Item = &'a PathBuf>) -> Self {
        let moved = files.find(|file| file.file_name() == hook.file.file_name());
        let hint = moved.map_or(String::new(), |file| format!("; is it {}?", file.display()));
        let (file, origin) = (hook.file.display(), hook.origin.display());
        Self {
            file: hook.file.clone(),
            hook: Some(hook.clone()),
            why: format!("{file} (hook in {origin}) is not in upstream's library{hint}"),
            nearest: None,
        }
    }

    /// What is no hook.
    pub fn of_file(file: &Path, why: String) -> Self {
        Self { file: file.to_path_buf(), hook: None, why, nearest: None }
    }

    /// What a version's file could say to mend it, where that is the anchor of a hook of ours: the anchor is replaced
    /// there by the nearest place. The reason is left for a person to write, and a file without it is refused. What
    /// cannot be guessed is a comment. `library` is our own.
    pub fn draft(&self, library: &Path) -> Result<String> {
        let mut draft: String = self.why.lines().map(|line| format!("# {line}\n")).collect();
        let Some(hook) = &self.hook else { return Ok(draft) };
        let origin = hook.origin.strip_prefix(LIBRARY).unwrap_or(&hook.origin);
        let (Some(old), Some(new)) = (anchor(hook), &self.nearest) else { return Ok(draft) };
        if !origin.starts_with("hooks") {
            return Ok(draft);
        }
        let times = hook::read(&library.join(origin))?.matches(old).count();
        if times != 1 {
            draft += &format!(
                "# The text to replace occurs {times} times in {}: choose another.\n",
                origin.display()
            );
        }
        draft += &Hook::replacing(origin, old, &new.text, "").written();
        Ok(draft)
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {}", self.why)?;
        match &self.nearest {
            Some(Place { line, text }) => {
                write!(f, "\n    nearest, line {line}:")?;
                text.lines().try_for_each(|line| write!(f, "\n      | {line}"))
            }
            None => Ok(()),
        }
    }
}

fn anchor(hook: &Hook) -> Option<&str> {
    match &hook.placement {
        Placement::CfgSelect(_) => None,
        Placement::After(text) | Placement::Before(text) | Placement::Replace(text) => Some(text),
    }
}

/// The run of lines most like the anchor.
fn nearest(text: &str, anchor: &str) -> Option<Place> {
    let lines: Vec<&str> = text.lines().collect();
    let count = anchor.trim_matches('\n').lines().count().max(1);
    let runs = lines.windows(count.min(lines.len().max(1))).enumerate().map(|(at, run)| {
        let run = run.join("\n");
        (strsim::sorensen_dice(anchor.trim(), run.trim()), at, run)
    });
    let (alike, at, text) = runs.max_by(|(a, ..), (b, ..)| a.total_cmp(b))?;
    (alike >= ALIKE).then_some(Place { line: at + 1, text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn hook(placement: Placement) -> Hook {
        let (file, origin) = ("std/src/a.rs".into(), "library/hooks/h.toml".into());
        Hook { file, placement, lines: "x".into(), why: "w".into(), tests_only: false, origin }
    }

    fn misfits(text: &str, hooks: &[&Hook]) -> Vec<Misfit> {
        let mut misfits = Vec::new();
        apply_fitting(text, hooks, &mut misfits).unwrap();
        misfits
    }

    #[test]
    fn what_fits_is_applied_and_the_nearest_lines_are_shown_for_what_does_not() {
        let text = "use a;\n#[cfg(any(unix, windows, wasi))]\nmod b;\nuse c;\n";
        let moved = hook(Placement::After("#[cfg(any(unix, windows))]\nmod b;".into()));
        let fits = hook(Placement::After("use a;".into()));
        let mut misfits = Vec::new();
        let hooked = apply_fitting(text, &[&moved, &fits], &mut misfits).unwrap();
        assert_eq!(hooked, text.replace("use a;\n", "use a;\nx\n"));
        assert_eq!(misfits.len(), 1);
        let place = Place { line: 2, text: "#[cfg(any(unix, windows, wasi))]\nmod b;".into() };
        assert_eq!(misfits[0].nearest, Some(place));
        let shown = misfits[0].to_string();
        assert!(shown.contains("std/src/a.rs") && shown.contains("nearest, line 2"), "{shown}");
    }

    #[test]
    fn what_is_like_nothing_has_no_nearest_place() {
        let found = misfits("abc\n", &[&hook(Placement::After("xyz".into()))]);
        assert_eq!(found[0].nearest, None);
    }

    #[test]
    fn a_file_that_moved_is_looked_for_by_its_name() {
        let files = [PathBuf::from("std/src/sys/a.rs")];
        let misfit = Misfit::missing_file(&hook(Placement::CfgSelect(1)), files.iter());
        assert!(misfit.why.ends_with("is it std/src/sys/a.rs?"), "{}", misfit.why);
    }

    #[test]
    fn a_draft_changes_the_anchor_in_its_own_file_once_a_reason_is_given() {
        let library = tempfile::tempdir().unwrap();
        let origin = library.path().join("hooks/h.toml");
        let stanza = "[[hook]]\nfile = 'std/src/a.rs'\nafter = '''#[cfg(unix)]\nmod b;'''\nlines = 'x'\nwhy = 'w'\n";
        fs::create_dir(library.path().join("hooks")).unwrap();
        fs::write(&origin, stanza).unwrap();
        let hooks = hook::parse(stanza, Path::new("library/hooks/h.toml")).unwrap();
        let found = misfits("#[cfg(unix, \"w\")]\nmod b;\n", &[&hooks[0]]);
        let draft = found[0].draft(library.path()).unwrap();
        let version = |why: &str| {
            let text = format!("release = '1.2.3'\n{}", draft.replace("why = \"\"", why));
            hook::parse_version(&text, Path::new("v.toml"))
        };
        assert!(version("why = ''").unwrap_err().to_string().contains("empty `why`"));
        let changes = version("why = 'w'").unwrap().hooks;
        assert_eq!(changes[0].file, Path::new("hooks/h.toml"));
        let mended = place::apply(stanza, &[&changes[0]]).unwrap();
        assert!(mended.contains("after = '''#[cfg(unix, \"w\")]\nmod b;'''"), "{mended}");

        fs::write(&origin, format!("{stanza}{stanza}")).unwrap();
        let draft = found[0].draft(library.path()).unwrap();
        assert!(draft.contains("# The text to replace occurs 2 times in hooks/h.toml"), "{draft}");
    }
}
