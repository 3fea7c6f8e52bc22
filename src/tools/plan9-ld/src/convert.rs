//! From the linked ELF file to the a.out that the kernel loads.

use crate::lines::Lines;
use crate::request::Request;
use crate::sections::{Elf, Section, Sections, TEXT_START};
use crate::symbols;
use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSymbol};
use plan9_abi::aout::Header;

/// Makes an a.out of a linked file.
pub fn convert(elf: &[u8], request: &Request) -> Result<Vec<u8>> {
    let file = Elf::parse(elf).context("the linker wrote no ELF file of 64 bits")?;
    entry(&file, &request.entry)?;
    let sections = Sections::read(&file)?;
    let text_size = sections.text_end - TEXT_START;
    let mut header = Header {
        text: size(text_size, "text")?,
        data: 0,
        bss: 0,
        symbols: 0,
        lines: 0,
        entry: file.entry(),
    };
    let data_start = header.data_start();
    let last = |filled: fn(&&Section<'_>) -> bool| {
        sections.data.iter().rfind(filled).map_or(data_start, Section::end)
    };
    let data_end = last(|section| !section.bytes.is_empty());
    header.data = size(data_end - data_start, "data")?;
    header.bss = size(last(|_| true) - data_end, "bss")?;
    heap(&file, &sections, header.end())?;
    let (table, lines) = match request.strip {
        true => Default::default(),
        false => {
            let tables = Lines::read(&file, &sections)?.tables(TEXT_START, sections.text_end);
            (symbols::table(&file, &sections, &tables.histories), tables.lines)
        }
    };
    header.symbols = size(table.len() as u64, "symbol table")?;
    header.lines = size(lines.len() as u64, "table of lines")?;
    Header::parse(&header.encode()).context("it cannot be started")?;
    let mut output = header.encode().to_vec();
    output.extend(image(&sections.text, TEXT_START, header.text));
    output.extend(image(&sections.data, data_start, header.data));
    output.extend(table);
    output.extend(lines);
    Ok(output)
}

/// The linker takes the first instruction for the entry, with a warning, where the entry's symbol is missing.
fn entry(file: &Elf<'_>, name: &str) -> Result<()> {
    let there = file.symbols().any(|symbol| symbol.is_definition() && symbol.name() == Ok(name));
    ensure!(
        there || name.starts_with(|first: char| first.is_ascii_digit()),
        "nothing defines its entry point `{name}`; std does, so link std, or name another with -e"
    );
    Ok(())
}

/// std's heap begins at `__end`, so nothing may lie behind it.
fn heap(file: &Elf<'_>, sections: &Sections<'_>, end: u64) -> Result<()> {
    let Some(symbol) = file.symbols().find(|symbol| symbol.name() == Ok("__end")) else {
        return Ok(());
    };
    let behind = sections.data.iter().find(|section| section.end() > symbol.address());
    let name = behind.map_or("?", |section| &section.name);
    ensure!(
        symbol.address() >= end,
        "section {name} lies behind the end of the bss, where the heap begins; give it a name that begins with .data. \
         or .bss."
    );
    Ok(())
}

/// A segment's first `size` bytes in memory.
fn image(sections: &[Section<'_>], start: u64, size: u32) -> Vec<u8> {
    let mut image = vec![0; size as usize];
    for section in sections.iter().filter(|section| !section.bytes.is_empty()) {
        let at = (section.address - start) as usize;
        image[at..at + section.bytes.len()].copy_from_slice(section.bytes);
    }
    image
}

/// A size as the header holds it. Readers take its 32 bits for signed (`libmach/executable.c:commonllp64`).
fn size(bytes: u64, what: &str) -> Result<u32> {
    const MOST: u64 = i32::MAX as u64;
    ensure!(
        bytes <= MOST,
        "its {what} of {bytes} bytes is too large: an a.out holds up to {MOST}; make its largest static smaller, or \
         allocate it when the program runs"
    );
    Ok(bytes as u32)
}
