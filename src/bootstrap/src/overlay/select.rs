//! A hook by the number of a `cfg_select!` fits every text that has as many. Whether that is still the one that was meant
//! shows in its neighbours: the line before it, and its first arm.

use super::hook::{self, Hook, Placement};
use super::misfit::{Misfit, Place};
use super::place::is_select;
use super::version::Own;
use crate::layout::RUST_VERSION;
use anyhow::Result;
use std::path::Path;

/// One `cfg_select!` of a text.
#[derive(Debug, PartialEq)]
struct Select<'a> {
    /// Its line, from 1.
    line: usize,
    /// The nearest line before it that is not empty.
    before: &'a str,
    /// The line of its first arm.
    first: &'a str,
}

impl Select<'_> {
    fn may_be(&self, other: &Select<'_>) -> bool {
        self.before == other.before || self.first == other.first
    }
}

fn selects(text: &str) -> Vec<Select<'_>> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let places = (0..lines.len()).filter(|&at| is_select(lines[at]));
    let select = |at: usize| Select {
        line: at + 1,
        before: lines[..at].iter().rev().find(|line| !line.is_empty()).unwrap_or(&""),
        first: lines.get(at + 1).unwrap_or(&""),
    };
    places.map(select).collect()
}

/// The hooks of a release that go by such a number and find another one than they do in the source that our own are
/// written for. `old` is that source, `new` the release's, `own` our library.
pub fn mistaken(old: &Path, new: &Path, own: &Path, release: &str) -> Result<Vec<Misfit>> {
    let before = Own::new(own, RUST_VERSION)?.hooks()?;
    let mut misfits = Vec::new();
    for hook in Own::new(own, release)?.hooks()? {
        // What a version's file changes is the number alone.
        let same = before.iter().find(|old| old.file == hook.file && old.lines == hook.lines);
        let (Some(same), file) = (same, &hook.file) else { continue };
        if new.join(file).is_file() && old.join(file).is_file() {
            let texts = [hook::read(&old.join(file))?, hook::read(&new.join(file))?];
            misfits.extend(compare(same, &texts[0], &hook, &texts[1]));
        }
    }
    Ok(misfits)
}

fn compare(before: &Hook, old: &str, hook: &Hook, new: &str) -> Option<Misfit> {
    let nth = |placement: &Placement| match placement {
        Placement::CfgSelect(n) => n.checked_sub(1),
        _ => None,
    };
    let (olds, news) = (selects(old), selects(new));
    let meant = olds.get(nth(&before.placement)?)?;
    let found = news.get(nth(&hook.placement)?)?;
    // With as many as before, the number is taken for right, whatever stands around it.
    if found.may_be(meant) || (olds.len() == news.len() && before.placement == hook.placement) {
        return None;
    }
    let why = format!(
        "{} (hook in {}): `cfg_select! {{` number {} is another one than in Rust {RUST_VERSION}, where `{}` stands before \
         it; mend the number",
        hook.file.display(),
        hook.origin.display(),
        nth(&hook.placement)? + 1,
        meant.before,
    );
    let nearest = news.iter().find(|select| select.may_be(meant)).map(|select| Place {
        line: select.line,
        text: format!("{}\ncfg_select! {{\n{}", select.before, select.first),
    });
    let (file, hook) = (hook.file.clone(), Some(hook.clone()));
    Some(Misfit { file, hook, why, nearest })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "cfg_select! {\n    unix => {}\n}\n\npub fn exit() {\n\n    cfg_select! {\n        a => {}\n    }\n}\n";
    const NEW: &str = "cfg_select! {\n    unix => {}\n}\n#[x]\ncfg_select! {\n    b => {}\n}\npub fn exit() {\n    \
                       cfg_select! {\n        a => {}\n    }\n}\n";

    fn hook(n: usize) -> Hook {
        let placement = Placement::CfgSelect(n);
        let (file, origin) = ("a.rs".into(), "library/hooks/h.toml".into());
        Hook { file, placement, lines: "x".into(), why: "w".into(), tests_only: false, origin }
    }

    #[test]
    fn a_number_that_has_come_to_another_place_is_told_with_the_right_one() {
        assert_eq!(
            selects(OLD)[1],
            Select { line: 7, before: "pub fn exit() {", first: "a => {}" }
        );
        assert!(compare(&hook(1), OLD, &hook(1), NEW).is_none());
        let misfit = compare(&hook(2), OLD, &hook(2), NEW).unwrap();
        assert!(misfit.why.contains("number 2 is another one"), "{}", misfit.why);
        assert_eq!(misfit.nearest.unwrap().line, 9);
        assert!(compare(&hook(2), OLD, &hook(3), NEW).is_none());
    }

    #[test]
    fn an_arm_or_a_line_before_it_may_change() {
        assert!(compare(&hook(2), OLD, &hook(2), &OLD.replace("a =>", "any(a, b) =>")).is_none());
        assert!(compare(&hook(2), OLD, &hook(2), &OLD.replace("fn exit", "fn leave")).is_none());
        let both = OLD.replace("fn exit", "fn leave").replace("a =>", "any(a, b) =>");
        assert!(compare(&hook(2), OLD, &hook(2), &both).is_none());
        assert!(compare(&hook(2), OLD, &hook(1), &both).is_some());
    }
}
