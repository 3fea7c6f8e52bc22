//! Every `unsafe` block and `unsafe impl` says why it holds. Clippy's `undocumented_unsafe_blocks` sees the workspace
//! alone; std and the programs for Plan 9 are compiled outside it, so their text is looked through here.
//!
//! The comment with `SAFETY:` stands right above the line with the `unsafe`, or above the first line of its statement;
//! attributes may stand between. Comments and strings are blanked first, so only code counts.

use std::fs;
use std::path::Path;
use walkdir::WalkDir;

/// A line's code without what is in comments and strings, and whether the line is a plain comment, not documentation.
struct Line {
    code: String,
    comment: Option<String>,
}

#[test]
fn every_unsafe_block_and_impl_says_why_it_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut seen, mut silent) = (0, Vec::new());
    for folder in ["library", "src", "tests"] {
        for entry in WalkDir::new(root.join(folder)) {
            let entry = entry.unwrap();
            if entry.path().extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let (count, lines) = look_through(&fs::read_to_string(entry.path()).unwrap());
            let name = entry.path().strip_prefix(&root).unwrap();
            seen += count;
            silent.extend(lines.iter().map(|line| format!("{}:{line}", name.display())));
        }
    }
    assert!(silent.is_empty(), "give these a `// SAFETY:` with the reason: {silent:#?}");
    assert!(seen > 200, "only {seen} were found: the look-out misses some");
}

/// The number of `unsafe` blocks and impls in a source, and the lines of those without a reason.
fn look_through(source: &str) -> (usize, Vec<usize>) {
    let lines = lines(source);
    let mut count = 0;
    let mut silent = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        // A block's brace may stand on the next line.
        let next = lines.get(at + 1).map_or("", |next| next.code.trim());
        let found = opens(&line.code, next);
        count += found;
        if found > 0 && !has_reason(&lines, at) {
            silent.push(at + 1);
        }
    }
    (count, silent)
}

/// How many `unsafe` of the line open a block or an impl.
fn opens(code: &str, next: &str) -> usize {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let places = code.match_indices("unsafe").filter(|&(at, _)| !code[..at].ends_with(word));
    places
        .filter(|&(at, text)| {
            let rest = &code[at + text.len()..];
            let after = if rest.trim().is_empty() { next } else { rest.trim_start() };
            let is_impl = after.strip_prefix("impl").is_some_and(|rest| !rest.starts_with(word));
            !rest.starts_with(word) && (after.starts_with('{') || is_impl)
        })
        .count()
}

/// Looks above the line, and above each line before it as long as that one's statement began earlier.
fn has_reason(lines: &[Line], mut at: usize) -> bool {
    while !said_above(&lines[..at]) {
        let Some(above) = at.checked_sub(1) else { return false };
        let code = lines[above].code.trim_end();
        if code.is_empty() || code.ends_with([';', '{', '}', ',']) {
            return false;
        }
        at = above;
    }
    true
}

/// The comment that ends these lines has a reason.
fn said_above(lines: &[Line]) -> bool {
    let attribute = |line: &&Line| line.code.trim_start().starts_with("#[");
    let comments = lines.iter().rev().skip_while(attribute);
    let mut comments = comments.map_while(|line| line.comment.as_deref());
    let mut below = false;
    comments.any(|text| match text.split_once("SAFETY:") {
        Some((_, reason)) => below || !reason.trim().is_empty(),
        None => {
            below = true;
            false
        }
    })
}

/// The lines with comments and strings blanked.
fn lines(source: &str) -> Vec<Line> {
    let mut left = source;
    let mut lines = vec![Line { code: String::new(), comment: None }];
    while let Some(first) = left.chars().next() {
        let last = lines.last_mut().expect("there is one from the start");
        let skipped = skipped(left, &last.code);
        if let Some(text) = left[..skipped].strip_prefix("//")
            && last.code.trim().is_empty()
            && !text.starts_with(['/', '!'])
        {
            last.comment = Some(text.to_owned());
        }
        if skipped == 0 && first != '\n' {
            last.code.push(first);
        }
        let taken = skipped.max(first.len_utf8());
        let ends = left[..taken].matches('\n').count();
        lines.extend((0..ends).map(|_| Line { code: String::new(), comment: None }));
        left = &left[taken..];
    }
    lines
}

/// How many bytes at the start are a comment, a string or a character; 0 if it is code.
fn skipped(text: &str, before: &str) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return text.find("*/").map_or(text.len(), |end| end + 2);
    }
    // A raw string: the name of its kind is code by now, its hashes too.
    let opening = before.trim_end_matches('#');
    if text.starts_with('"') && (opening.ends_with("r") || opening.len() < before.len()) {
        let end = format!("\"{}", &before[opening.len()..]);
        return text[1..].find(&end).map_or(text.len(), |at| 1 + at + end.len());
    }
    match text.as_bytes()[0] {
        b'"' => quoted(text, '"').unwrap_or(text.len()),
        // What is longer is a lifetime.
        b'\'' => {
            quoted(text, '\'').filter(|&length| is_character(&text[1..length - 1])).unwrap_or(0)
        }
        _ => 0,
    }
}

/// The length of what stands between two quotes, with them.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().skip(1).find_map(|(at, c)| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends.then_some(at + 1)
    })
}

fn is_character(inside: &str) -> bool {
    inside.starts_with('\\') || inside.chars().count() == 1
}

#[test]
fn a_block_without_a_reason_is_seen() {
    assert_eq!(look_through("fn f() {\n    unsafe { g() }\n}\n"), (1, vec![2]));
    assert_eq!(look_through("unsafe impl Sync for A {}\n"), (1, vec![1]));
    assert_eq!(look_through("fn f() {\n    // SAFETY:\n    unsafe { g() }\n}\n"), (1, vec![3]));
    // A comment above another statement, or one of the documentation's, is none.
    let other = "// SAFETY: a.\nlet a = unsafe { g() };\nlet b = unsafe { g() };\n";
    assert_eq!(look_through(other), (2, vec![3]));
    assert_eq!(look_through("/// SAFETY: a.\nunsafe impl Sync for A {}\n"), (1, vec![2]));
    let arm = "match a {\n    // SAFETY: a.\n    1 => {\n        unsafe { g() }\n    }\n}\n";
    assert_eq!(look_through(arm), (1, vec![4]));
    assert_eq!(look_through("f(unsafe\n{\n    g()\n})"), (1, vec![1]));
}

#[test]
fn a_reason_stands_above_the_line_or_its_statement() {
    assert_eq!(look_through("// SAFETY: a.\nunsafe { g() }\n"), (1, vec![]));
    assert_eq!(look_through("// SAFETY:\n// a.\nunsafe { g() }\n"), (1, vec![]));
    assert_eq!(look_through("// SAFETY: a.\n#[b]\nunsafe impl C for D {}\n"), (1, vec![]));
    assert_eq!(look_through("// SAFETY: a.\nlet b =\n    unsafe { c() };\n"), (1, vec![]));
    assert_eq!(look_through("// SAFETY: a.\nlet b = c(\n    unsafe { c() });\n"), (1, vec![]));
}

#[test]
fn what_is_no_block_is_passed_over() {
    let none = "unsafe fn f();\nunsafe extern \"C\" {}\n#[unsafe(no_mangle)]\n// unsafe {\n/* unsafe { */ let \
                a = \"unsafe { \\\" unsafe {\";\nlet b = r#\"unsafe { \" unsafe {\"#;\nlet unsafe_b = '\"';\nfn g<'a>() {}\n";
    assert_eq!(look_through(none), (0, vec![]));
    // The quote that is a character opens no string, nor does a lifetime's.
    assert_eq!(look_through("let a = '\"';\nf::<'a>(unsafe { g() });\n"), (1, vec![2]));
}
