//! What upstream's manifests name only for its own tests, taken out of the copy so that it resolves offline.
//!
//! Cargo resolves dev-dependencies and optional build-dependencies of every member, and Debian's `library/vendor`
//! leaves those crates out. These edits are of the copy alone: they are no hooks and never exported.

use anyhow::{Context, Result, ensure};
use std::path::Path;
use toml_edit::DocumentMut;

/// What to take out of one manifest.
enum Cut {
    Table(&'static str),
    Dependency(&'static str, &'static str),
    Feature(&'static str, &'static str),
    Members(&'static [&'static str]),
}

/// The cuts by manifest, relative to `library/`.
const CUTS: &[(&str, &[Cut])] = &[
    ("Cargo.toml", &[Cut::Members(&["coretests", "alloctests"])]),
    ("std/Cargo.toml", &[Cut::Table("dev-dependencies")]),
    (
        "compiler-builtins/compiler-builtins/Cargo.toml",
        &[Cut::Dependency("build-dependencies", "cc"), Cut::Feature("c", "dep:cc")],
    ),
    ("profiler_builtins/Cargo.toml", &[Cut::Dependency("build-dependencies", "cc")]),
];

/// The manifests that have cuts.
pub fn cut_files() -> impl Iterator<Item = &'static str> {
    CUTS.iter().map(|(file, _)| *file)
}

/// True if the manifest has cuts.
pub fn is_cut(file: &Path) -> bool {
    cut_files().any(|cut| file == Path::new(cut))
}

/// The manifest's text without what only upstream's own tests need. Cuts that find nothing are errors.
pub fn cut(file: &str, text: &str) -> Result<String> {
    let Some((_, cuts)) = CUTS.iter().find(|(name, _)| *name == file) else {
        return Ok(text.to_owned());
    };
    let mut document: DocumentMut = text.parse().with_context(|| format!("{file} is not TOML"))?;
    for cut in *cuts {
        let (what, found) = apply(&mut document, cut);
        ensure!(
            found,
            "{file}: {what} is not there; upstream changed, mend the list of cuts in the bootstrap"
        );
    }
    Ok(document.to_string())
}

fn apply(document: &mut DocumentMut, cut: &Cut) -> (String, bool) {
    match *cut {
        Cut::Table(table) => (format!("[{table}]"), document.remove(table).is_some()),
        Cut::Dependency(table, name) => {
            let table_item = document.get_mut(table).and_then(|item| item.as_table_mut());
            (
                format!("{name} in [{table}]"),
                table_item.is_some_and(|table| table.remove(name).is_some()),
            )
        }
        Cut::Feature(feature, value) => {
            let list = document.get_mut("features").and_then(|table| table.get_mut(feature));
            let list = list.and_then(|item| item.as_array_mut());
            (
                format!("{value} in feature {feature}"),
                list.is_some_and(|list| retain(list, &[value]) == 1),
            )
        }
        Cut::Members(names) => {
            let list = document.get_mut("workspace").and_then(|table| table.get_mut("members"));
            let list = list.and_then(|item| item.as_array_mut());
            (
                format!("members {names:?}"),
                list.is_some_and(|list| retain(list, names) == names.len()),
            )
        }
    }
}

/// Takes the strings out of the list and says how many there were.
fn retain(list: &mut toml_edit::Array, out: &[&str]) -> usize {
    let before = list.len();
    list.retain(|value| !value.as_str().is_some_and(|text| out.contains(&text)));
    before - list.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_go_and_the_rest_stays() {
        let text = cut("Cargo.toml", "[workspace]\nmembers = ['std', 'coretests', 'alloctests']\n")
            .unwrap();
        assert!(text.contains("std") && !text.contains("tests"), "{text}");
    }

    #[test]
    fn a_cut_that_finds_nothing_names_the_file() {
        let error = cut("std/Cargo.toml", "[package]\nname = 'std'\n").unwrap_err().to_string();
        assert!(error.contains("std/Cargo.toml") && error.contains("dev-dependencies"), "{error}");
    }

    #[test]
    fn other_manifests_are_left_alone() {
        assert_eq!(cut("core/Cargo.toml", "not = toml =").unwrap(), "not = toml =");
    }
}
