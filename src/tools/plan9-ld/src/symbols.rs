//! The symbol table that Plan 9's own `nm`, `acid` and `db` read (man 6/a.out).
//!
//! Each entry is a value of eight big-endian bytes, a type letter with its top bit set, and a name that ends in a NUL.
//! Names are demangled, without the hash.

use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSymbol, SymbolKind, SymbolSection};

/// Marks the type letter of an entry.
const TYPE_BIT: u8 = 0x80;

/// The table of a linked file; `etext` stands first, then everything by address.
pub fn table(file: &ElfFile64<'_, Endianness>, text_end: u64) -> Vec<u8> {
    let mut entries: Vec<(u64, u8, String)> = file
        .symbols()
        .filter(|symbol| matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Data))
        .filter_map(|symbol| {
            let name = symbol.name().ok().filter(|name| !name.is_empty())?;
            let letter = letter(file, &symbol, text_end)?;
            let name = format!("{:#}", rustc_demangle::demangle(name));
            Some((symbol.address(), letter, name))
        })
        .collect();
    entries.sort();
    entries.dedup();
    let mut table = Vec::new();
    push(&mut table, text_end, b'T', "etext");
    for (value, letter, name) in entries {
        push(&mut table, value, letter, &name);
    }
    table
}

fn letter<'data>(
    file: &ElfFile64<'data, Endianness>,
    symbol: &impl ObjectSymbol<'data>,
    text_end: u64,
) -> Option<u8> {
    let SymbolSection::Section(section) = symbol.section() else { return None };
    let bss = {
        use object::ObjectSection;
        file.section_by_index(section).ok()?.kind() == object::SectionKind::UninitializedData
    };
    let letter = match (symbol.address() < text_end, bss) {
        (true, _) => b'T',
        (false, true) => b'B',
        (false, false) => b'D',
    };
    Some(if symbol.is_global() { letter } else { letter.to_ascii_lowercase() })
}

fn push(table: &mut Vec<u8>, value: u64, letter: u8, name: &str) {
    table.extend(value.to_be_bytes());
    table.push(letter | TYPE_BIT);
    table.extend(name.bytes());
    table.push(0);
}
