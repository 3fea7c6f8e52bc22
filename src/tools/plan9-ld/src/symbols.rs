//! The symbol table that Plan 9's own `nm`, `acid` and `db` read (man 6/a.out), written.
//!
//! Names are demangled, without the hash, and no longer than acid takes. `etext` stands first, as Plan 9's linkers have
//! it, then everything by address. Whatever lies in the text segment, constants too, is of kind `T`: for an address
//! below `etext` libmach looks among these only. Behind a function stands the size of its frame, by which acid and db
//! walk a stack.

use crate::frames;
use crate::sections::{Elf, Section, Sections};
use object::{Object, ObjectSymbol, SymbolKind, SymbolSection};
use plan9_abi::symbols::{NAME_MAX, TYPE_BIT};
use std::collections::{BTreeMap, BTreeSet};

/// The end of a name that was cut.
const CUT: &str = "...";

/// The table of a linked file. Its file histories must stand before all functions but `etext`, which is for none.
pub fn table(file: &Elf<'_>, sections: &Sections<'_>, histories: &[u8]) -> Vec<u8> {
    // A set: by address, and each name once at one place.
    let mut entries: BTreeSet<(u64, u8, String)> = BTreeSet::new();
    let functions: BTreeMap<u64, u64> = file
        .symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0)
        .map(|symbol| (symbol.address(), symbol.address() + symbol.size()))
        .collect();
    for symbol in file.symbols() {
        let Ok(name) = symbol.name() else { continue };
        // A label within a function would hide its frame.
        let around = functions.range(..symbol.address()).next_back();
        let is_inside = around.is_some_and(|(_, &end)| symbol.address() < end);
        if is_inside && symbol.kind() != SymbolKind::Text {
            continue;
        }
        if let Some(letter) = letter(&symbol, sections).filter(|_| !name.is_empty()) {
            entries.insert((symbol.address(), letter, shown(name)));
        }
    }
    let mut table = Vec::new();
    push(&mut table, sections.text_end, b'T', "etext");
    table.extend(histories);
    for (value, letter, name) in entries {
        push(&mut table, value, letter, &name);
        if let Some(size) = code(sections, value).and_then(frames::size) {
            push(&mut table, size, b'm', ".frame");
        }
    }
    table
}

/// The kind of a symbol that debuggers should see.
fn letter<'data>(symbol: &impl ObjectSymbol<'data>, sections: &Sections<'_>) -> Option<u8> {
    let SymbolSection::Section(_) = symbol.section() else { return None };
    let section = holder(sections, symbol.address())?;
    match symbol.kind() {
        SymbolKind::Text | SymbolKind::Data => {}
        // Assembly often leaves the type out; what the linker script defines lies at the ends of sections.
        SymbolKind::Unknown | SymbolKind::Label if section.executable && symbol.is_global() => {}
        _ => return None,
    }
    let letter = match (section.writable, section.bytes.is_empty()) {
        (false, _) => b'T',
        (true, true) => b'B',
        (true, false) => b'D',
    };
    Some(if symbol.is_global() { letter } else { letter.to_ascii_lowercase() })
}

fn holder<'a, 'data>(sections: &'a Sections<'data>, address: u64) -> Option<&'a Section<'data>> {
    let mut all = sections.text.iter().chain(&sections.data);
    all.find(|section| (section.address..section.end()).contains(&address))
}

/// The instructions from an address on.
fn code<'data>(sections: &Sections<'data>, address: u64) -> Option<&'data [u8]> {
    let section = holder(sections, address).filter(|section| section.executable)?;
    section.bytes.get((address - section.address) as usize..)
}

/// A name as debuggers show it.
fn shown(name: &str) -> String {
    let mut name = format!("{:#}", rustc_demangle::demangle(name));
    if name.len() > NAME_MAX {
        let end = (0..=NAME_MAX - CUT.len()).rev().find(|&end| name.is_char_boundary(end));
        name.truncate(end.unwrap_or(0));
        name.push_str(CUT);
    }
    name
}

fn push(table: &mut Vec<u8>, value: u64, letter: u8, name: &str) {
    table.extend(value.to_be_bytes());
    table.push(letter | TYPE_BIT);
    table.extend(name.bytes());
    table.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_demangled_and_cut_between_letters() {
        assert_eq!(shown("_ZN4core3fmt5write17h0123456789abcdefE"), "core::fmt::write");
        assert_eq!(shown(&"x".repeat(NAME_MAX)).len(), NAME_MAX);
        let cut = shown(&"ü".repeat(NAME_MAX));
        assert!(
            cut.len() <= NAME_MAX && cut.len() > NAME_MAX - 6 && cut.ends_with("ü..."),
            "{cut}"
        );
    }
}
