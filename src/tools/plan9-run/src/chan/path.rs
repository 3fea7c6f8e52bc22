//! Names as text: `cleanname`, and the error messages that carry a name (`port/chan.c`).

use super::spelling;
use crate::dev::Error;
use plan9_abi::layout::ERRMAX;

/// How much of a long name an error keeps, from its end, in bytes.
const SHOWN: usize = ERRMAX / 4;

/// A path from the root, or from a device, without `.`, `..` and empty elements.
pub fn absolute(dot: &str, name: &str) -> String {
    let whole = if name.starts_with('/') || name.starts_with('#') {
        name.to_string()
    } else {
        format!("{dot}/{name}")
    };
    let (root, rest) = match whole.strip_prefix('/') {
        Some(rest) => (String::from("/"), rest),
        None => {
            let (device, rest) = whole.split_once('/').unwrap_or((&whole, ""));
            (device.to_string(), rest)
        }
    };
    let mut elements: Vec<&str> = Vec::new();
    for element in rest.split('/') {
        match element {
            "" | "." => {}
            ".." => drop(elements.pop()),
            _ => elements.push(element),
        }
    }
    elements.iter().fold(root, |path, element| join(&path, element))
}

/// One element more.
pub fn join(path: &str, element: &str) -> String {
    if path.ends_with('/') { format!("{path}{element}") } else { format!("{path}/{element}") }
}

/// The elements of a name as the program spelled it, each with where it ends; `.` is none (`port/chan.c:parsename`). What
/// comes before the first is the root, the device or nothing.
pub fn spelled(name: &str) -> impl Iterator<Item = (&str, usize)> {
    let from = match name.as_bytes().first() {
        Some(b'#') => name.find('/').unwrap_or(name.len()),
        _ => 0,
    };
    let mut at = from;
    name[from..].split('/').filter_map(move |element| {
        let end = at + element.len();
        at = end + 1;
        (!matches!(element, "" | ".")).then_some((element, end))
    })
}

/// Whether only a directory can bear the name: it ends in a slash or in a dot that is an element.
pub fn must_be_directory(name: &str) -> bool {
    matches!(name.rsplit('/').next(), Some("" | "." | ".."))
}

/// An error with the name it is about: `text: 'name'`. Of a name too long to show whole the last elements stay, as many
/// as there is room for, or the last bytes (`port/chan.c:namelenerror`).
pub fn about(why: Error, name: &str) -> Error {
    let fits = |part: &str| part.len() < ERRMAX / 3 || part.len() + why.0.len() < 2 * ERRMAX / 3;
    let shown = if fits(name) {
        name.to_string()
    } else {
        let ends = name.match_indices('/').map(|(at, _)| &name[at..]);
        let end = ends.into_iter().find(|part| fits(part)).unwrap_or_else(|| {
            let mut from = name.len() - SHOWN;
            while !name.is_char_boundary(from) {
                from += 1;
            }
            &name[from..]
        });
        format!("...{end}")
    };
    Error(format!("{}: '{}'", why.0, spelling::shown(&shown).replace('\'', "''")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_lexically() {
        for (name, clean) in [
            ("/a//b/./c/..", "/a/b"),
            ("x/../y", "/home/y"),
            ("/..", "/"),
            ("#c/pid", "#c/pid"),
            ("#e", "#e"),
            (".", "/home"),
        ] {
            assert_eq!(absolute("/home", name), clean, "{name}");
        }
    }

    #[test]
    fn errors_carry_the_end_of_a_long_name() {
        let why = crate::dev::error("file does not exist");
        assert_eq!(about(why.clone(), "/a'b").0, "file does not exist: '/a''b'");
        let long = format!("/{}", "x".repeat(97));
        assert_eq!(about(why, &long).0, format!("file does not exist: '...{}'", "x".repeat(32)));
    }
}
