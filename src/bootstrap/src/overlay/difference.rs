//! What turns one text into another, as changes that a version's file can hold. Each has enough lines around it that its
//! old text occurs once in the old one, and its new text once in the new one: so the file can be turned round.

use similar::{Algorithm, DiffTag};
use std::ops::Range;

/// One change, whole lines of both texts.
#[derive(Debug, PartialEq)]
pub struct Change {
    pub old: String,
    pub new: String,
}

/// Changes that are no more lines apart than this are one.
const NEAR: usize = 2;

/// The lines of both texts that a change is about.
type Hunk = (Range<usize>, Range<usize>);

/// All changes, in their order; none if the texts are the same.
pub fn between(old: &str, new: &str) -> Vec<Change> {
    let lines = |text| str::split_inclusive(text, '\n').collect::<Vec<&str>>();
    let (olds, news) = (lines(old), lines(new));
    let mut hunks: Vec<Hunk> = Vec::new();
    let ops = similar::capture_diff_slices(Algorithm::Myers, &olds, &news);
    for op in ops.iter().filter(|op| op.tag() != DiffTag::Equal) {
        match hunks.last_mut() {
            Some(last) if op.old_range().start - last.0.end <= NEAR => {
                (last.0.end, last.1.end) = (op.old_range().end, op.new_range().end);
            }
            _ => hunks.push((op.old_range(), op.new_range())),
        }
    }
    let whole = (0..olds.len(), 0..news.len());
    let mut grown: Vec<Hunk> = Vec::new();
    let mut hunks = hunks.into_iter().peekable();
    while let Some(mut hunk) = hunks.next() {
        // What it grows into becomes a part of it.
        loop {
            while let Some(next) = hunks.next_if(|next| hunk.0.end > next.0.start) {
                (hunk.0.end, hunk.1.end) = (next.0.end, next.1.end);
            }
            while let Some(last) = grown.pop_if(|last| hunk.0.start < last.0.end) {
                (hunk.0.start, hunk.1.start) = (last.0.start, last.1.start);
            }
            let are_once = occurs_once(old, &olds[hunk.0.clone()].concat())
                && occurs_once(new, &news[hunk.1.clone()].concat());
            if are_once || hunk == whole {
                break;
            }
            grow(&mut hunk, &olds);
        }
        grown.push(hunk);
    }
    let change = |hunk: Hunk| Change { old: olds[hunk.0].concat(), new: news[hunk.1].concat() };
    grown.into_iter().map(change).collect()
}

/// One more line of both texts: that before it, but for a blank one, where there is one after it.
fn grow(hunk: &mut Hunk, olds: &[&str]) {
    let before = hunk.0.start.checked_sub(1);
    let is_last = hunk.0.end == olds.len();
    match before {
        Some(before) if is_last || !olds[before].trim().is_empty() => {
            (hunk.0.start, hunk.1.start) = (hunk.0.start - 1, hunk.1.start - 1);
        }
        _ => (hunk.0.end, hunk.1.end) = (hunk.0.end + 1, hunk.1.end + 1),
    }
}

fn occurs_once(text: &str, part: &str) -> bool {
    !part.is_empty() && text.match_indices(part).count() == 1 && {
        // Nor once more, in part over itself.
        let at = text.find(part).unwrap_or_default();
        let rest = text[at..].char_indices().nth(1).map_or("", |(next, _)| &text[at + next..]);
        !rest.contains(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Applies them, either way.
    fn applied(text: &str, changes: &[Change], back: bool) -> String {
        let mut edits: Vec<(usize, &str, &str)> = Vec::new();
        for change in changes {
            let (from, to) = match back {
                false => (&change.old, &change.new),
                true => (&change.new, &change.old),
            };
            assert!(occurs_once(text, from), "{from:?} in {text:?}");
            edits.push((text.find(from.as_str()).unwrap(), from, to));
        }
        let mut text = text.to_owned();
        for (at, from, to) in edits.iter().rev() {
            text.replace_range(*at..at + from.len(), to);
        }
        text
    }

    #[test]
    fn changes_lead_there_and_back() {
        let old = "a\nb\n\nx {\n}\n\ny {\n}\n\nz {\n}\nend\n";
        for new in [
            "a\nb\n\nx {\n}\n\ny {\n    1\n}\n\nz {\n}\nend\n",
            "a\n\nx {\n}\n\ny {\n}\n\nz {\n    2\n}\n",
            "new\na\nb\n\nx {\n}\n\nz {\n}\nend\n}\n",
            "",
            "a\nb\n\nx {\n}\n\nx {\n}\n\ny {\n}\n\nz {\n}\nend\n",
        ] {
            let changes = between(old, new);
            if !new.is_empty() {
                assert_eq!(applied(old, &changes, false), new);
                assert_eq!(applied(new, &changes, true), old);
            }
        }
        assert_eq!(between(old, old), []);
    }

    #[test]
    fn a_change_is_as_short_as_it_can_be() {
        let change = Change { old: "b\n".into(), new: "c\n".into() };
        assert_eq!(between("a\nb\nd\n", "a\nc\nd\n"), [change]);
        let change = Change { old: "a\n".into(), new: "a\nc\n".into() };
        assert_eq!(between("a\nb\n", "a\nc\nb\n"), [change]);
    }
}
