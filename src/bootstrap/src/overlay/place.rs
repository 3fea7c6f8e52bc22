//! Hooks meet text here, and nothing else does: a pure function from pristine text and hooks to hooked text.
//!
//! Every anchor is looked up in the pristine text, then all edits are spliced in from the end backwards. So hooks of
//! one file cannot become anchors of each other, and their order in the data does not matter unless two add at the
//! same place, where it is the order of the data.

use super::hook::{Hook, Placement};
use anyhow::{Result, bail, ensure};
use std::ops::Range;

const CFG_SELECT: &str = "cfg_select! {";

/// Lines that are ours in upstream's files, the figure to keep small.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub hooks: usize,
    /// Lines inserted for what is shipped.
    pub added: usize,
    /// Lines of replacements for what is shipped.
    pub changed: usize,
    /// Lines of either kind that only tests need.
    pub tests_only: usize,
}

impl Count {
    /// Adds one hook's lines.
    pub fn take(&mut self, hook: &Hook) {
        let lines = hook.lines.trim_matches('\n').lines().count();
        self.hooks += 1;
        match (&hook.placement, hook.tests_only) {
            (_, true) => self.tests_only += lines,
            (Placement::Replace(_), false) => self.changed += lines,
            (_, false) => self.added += lines,
        }
    }
}

struct Edit {
    range: Range<usize>,
    text: String,
}

/// Applies all hooks of one file. The error names the file, the anchor and the file of hooks.
pub fn apply(pristine: &str, hooks: &[&Hook]) -> Result<String> {
    let mut edits: Vec<Edit> = Vec::new();
    for (index, hook) in hooks.iter().enumerate() {
        if let Some(twin) = hooks[..index].iter().find(|other| other.placement == hook.placement) {
            let also = twin.origin.display();
            bail!("{}: {} is also hooked in {also}; join the two hooks", name(hook), anchor(hook));
        }
        edits.push(edit(pristine, hook)?);
    }
    // Stable, so that additions at one place keep the order of the data.
    edits.sort_by_key(|edit| edit.range.start);
    for pair in edits.windows(2) {
        ensure!(
            pair[0].range.end <= pair[1].range.start,
            "{}: two hooks change the same text; join them",
            hooks[0].file.display()
        );
    }
    let mut text = pristine.to_owned();
    for edit in edits.iter().rev() {
        text.replace_range(edit.range.clone(), &edit.text);
    }
    Ok(text)
}

fn name(hook: &Hook) -> String {
    format!("{} (hook in {})", hook.file.display(), hook.origin.display())
}

fn anchor(hook: &Hook) -> String {
    match &hook.placement {
        Placement::CfgSelect(n) => format!("`{CFG_SELECT}` number {n}"),
        Placement::After(text) | Placement::Before(text) | Placement::Replace(text) => {
            format!("anchor `{text}`")
        }
    }
}

/// The lines as they are inserted: whole, and ended by a newline.
fn whole_lines(lines: &str) -> String {
    format!("{}\n", lines.trim_matches('\n'))
}

fn already(hook: &Hook) -> anyhow::Error {
    anyhow::anyhow!(
        "{}: {} is already hooked upstream, the lines are there; delete the hook",
        name(hook),
        anchor(hook)
    )
}

/// Whether one hook fits by itself.
pub fn fits(pristine: &str, hook: &Hook) -> Result<()> {
    edit(pristine, hook).map(drop)
}

fn edit(text: &str, hook: &Hook) -> Result<Edit> {
    let lines = whole_lines(&hook.lines);
    let edit = match &hook.placement {
        Placement::CfgSelect(n) => {
            let at = nth_cfg_select(text, hook, *n)?;
            Edit { range: at..at, text: lines.clone() }
        }
        Placement::After(found) => {
            let at = once(text, hook, found)?;
            let at = line_end(text, at.end);
            // A last line without a newline gets one, else ours would be glued to it.
            let lead = if at == text.len() && !text.ends_with('\n') { "\n" } else { "" };
            Edit { range: at..at, text: format!("{lead}{lines}") }
        }
        Placement::Before(found) => {
            let at = once(text, hook, found)?;
            let at = text[..at.start].rfind('\n').map_or(0, |newline| newline + 1);
            Edit { range: at..at, text: lines.clone() }
        }
        Placement::Replace(found) => {
            if text.contains(&hook.lines)
                && (hook.lines.contains(found.as_str()) || !text.contains(found.as_str()))
            {
                return Err(already(hook));
            }
            Edit { range: once(text, hook, found)?, text: hook.lines.clone() }
        }
    };
    let at = edit.range.start;
    if !matches!(hook.placement, Placement::Replace(_))
        && (text[at..].starts_with(&lines) || text[..at].ends_with(&lines))
    {
        return Err(already(hook));
    }
    Ok(edit)
}

/// The only place of the anchor in the text.
fn once(text: &str, hook: &Hook, found: &str) -> Result<Range<usize>> {
    let mut starts =
        text.char_indices().map(|(at, _)| at).filter(|&at| text[at..].starts_with(found));
    match (starts.next(), starts.next()) {
        (Some(at), None) => Ok(at..at + found.len()),
        (None, _) => bail!(
            "{}: {} is missing; upstream changed here, mend the hook",
            name(hook),
            anchor(hook)
        ),
        (Some(_), Some(_)) => {
            bail!("{}: {} occurs more than once; choose a longer one", name(hook), anchor(hook))
        }
    }
}

/// Whether a line opens a `cfg_select!`, comments not counted.
pub fn is_select(line: &str) -> bool {
    !line.trim_start().starts_with("//") && line.contains(CFG_SELECT)
}

/// The start of the line after the n-th `cfg_select! {`, comments not counted.
fn nth_cfg_select(text: &str, hook: &Hook, n: usize) -> Result<usize> {
    ensure!(n > 0, "{}: `cfg_select` counts from 1", name(hook));
    let mut at = 0;
    let mut seen = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if !is_select(line) {
            continue;
        }
        seen += 1;
        if seen == n {
            let open = line.trim_end().ends_with('{') && line.ends_with('\n');
            ensure!(
                open,
                "{}: {} does not end its line; use another placement",
                name(hook),
                anchor(hook)
            );
            return Ok(at);
        }
    }
    bail!("{}: {} is missing, the file has {seen}; mend the hook", name(hook), anchor(hook))
}

fn line_end(text: &str, from: usize) -> usize {
    // An anchor that itself ends in a newline has its line's end already.
    if text[..from].ends_with('\n') {
        return from;
    }
    text[from..].find('\n').map_or(text.len(), |newline| from + newline + 1)
}

#[cfg(test)]
mod tests;
