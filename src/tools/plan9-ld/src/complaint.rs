//! One sentence for what the linker complained about at length.
//!
//! lld and GNU ld word the same failure differently, and neither knows what to do about it on Plan 9. Their own text is
//! printed as it is, with the places; the sentence comes behind it.

use std::collections::BTreeSet;

/// The most undefined symbols that a sentence names.
const NAMED: usize = 3;

/// What was wrong and how to mend it, where the text is of a kind that is known.
pub fn sentence(text: &str) -> Option<String> {
    let undefined: BTreeSet<String> = text.lines().filter_map(undefined).collect();
    if !undefined.is_empty() {
        return Some(missing(&undefined));
    }
    let line = |parts: &[&str]| text.lines().find(|line| parts.iter().all(|p| line.contains(p)));
    if let Some(line) = line(&["section ", "overlaps"]) {
        let what = line.split_once("section ").map_or(line, |(_, rest)| rest);
        return Some(format!(
            "two sections overlap (section {}); the layout is the kernel's, so leave out options that place sections",
            what.trim()
        ));
    }
    if line(&["relocation truncated to fit"]).or(line(&["relocation", "out of range"])).is_some() {
        return Some(
            "the program is too large: text, data and bss together must end below 2 GiB; make its largest static \
             smaller, or allocate it when the program runs"
                .to_owned(),
        );
    }
    None
}

fn missing(symbols: &BTreeSet<String>) -> String {
    let names: Vec<_> = symbols.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    let mut names = names.join(", ");
    if symbols.len() > NAMED {
        names.push_str(&format!(" and {} more", symbols.len() - NAMED));
    }
    let (noun, it) = match symbols.len() {
        1 => ("undefined symbol", "it"),
        _ => ("undefined symbols", "them"),
    };
    format!(
        "{noun} {names}; link the crate or object that defines {it} (there is no C library on this target: what std \
         does not bring must come from Rust or from objects of your own)"
    )
}

/// The symbol that a line says is not defined.
fn undefined(line: &str) -> Option<String> {
    let name = match line.split_once("undefined reference to `") {
        Some((_, rest)) => rest.rsplit_once('\'')?.0,
        // lld: `undefined symbol: x`, `undefined hidden symbol: x`.
        None => line.split_once("undefined ")?.1.split_once("symbol: ")?.1,
    };
    let name = format!("{:#}", rustc_demangle::demangle(name.trim()));
    Some(match name.rsplit_once("::h") {
        // lld demangles by itself and leaves the hash.
        Some((name, hash)) if hash.len() == 16 => name.to_owned(),
        _ => name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undefined_symbols_are_named_in_the_words_of_either_linker() {
        let gnu = "/usr/bin/ld: a.o: in function `_start':\na.c:(.text+0x5): undefined reference to `open'\n\
                   a.c:(.text+0x9): undefined reference to `open'\n";
        let lld = "ld.lld: error: undefined hidden symbol: open::h0123456789abcdef\n>>> referenced by a.c\n";
        for text in [gnu, lld] {
            let said = sentence(text).unwrap();
            assert!(said.starts_with("undefined symbol `open`; link"), "{said}");
        }
    }

    #[test]
    fn many_undefined_symbols_are_counted_and_demangled() {
        let text: String = ["a", "b", "_ZN1c1c17h0123456789abcdefE", "d", "e"]
            .map(|name| format!("ld.lld: error: undefined symbol: {name}\n"))
            .concat();
        let said = sentence(&text).unwrap();
        assert!(said.starts_with("undefined symbols `a`, `b`, `c::c` and 2 more;"), "{said}");
    }

    #[test]
    fn overlaps_and_sizes_are_told_apart_and_the_rest_is_left_to_the_linker() {
        let overlap = "ld: section .low LMA [1,2] overlaps section .text LMA [1,3]\n";
        assert!(sentence(overlap).unwrap().contains("(section .low LMA [1,2] overlaps section"));
        let far = "ld.lld: error: a.o:(.text+0x3): relocation R_X86_64_32S out of range: 1 is not in [0, 0]";
        assert!(sentence(far).unwrap().contains("too large"));
        let far = "a.o:(.text+0x3): relocation truncated to fit: R_X86_64_PC32 against `.bss'";
        assert!(sentence(far).unwrap().contains("too large"));
        assert_eq!(sentence("ld: cannot find a.o: No such file or directory"), None);
    }
}
