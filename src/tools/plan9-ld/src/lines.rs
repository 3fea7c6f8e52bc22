//! Where the code comes from, read from the linked file's debugging information, as the pc/line table and the file
//! histories of an a.out hold it (man 6/a.out, [`plan9_abi::lines`], [`plan9_abi::history`]).
//!
//! An a.out knows of no inlined functions: an address has one line. It is that of the function which the symbol table
//! names there, so where code of another was inlined, the line of the call: what a stack trace shows beside the name
//! belongs to it. And a.out numbers all lines of a program in one row, as if every file were included by one, which is
//! called [`ALL`]; so a file gets a range of numbers as long as the last of its lines that has code.

use crate::sections::{Elf, Section, Sections};
use addr2line::Context;
use addr2line::gimli::{DW_TAG_inlined_subroutine, Dwarf, EndianSlice, LittleEndian, SectionId};
use anyhow::{Context as _, Result};
use object::{Object, ObjectSection};
use plan9_abi::lines::{FORWARD, FORWARD_BIT, QUANTUM, SHORT};
use plan9_abi::symbols::TYPE_BIT;
use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::sync::Arc;

/// What includes every file, for the numbering.
const ALL: &str = "sources";

/// The most elements of paths that there can be: their numbers have two bytes, which libmach takes for signed.
const MOST_ELEMENTS: usize = i16::MAX as usize;

/// A section of debugging information.
type Bytes<'data> = EndianSlice<'data, LittleEndian>;

/// The code's places and the files that they are in.
#[derive(Default)]
pub struct Lines {
    /// From an address on: a file of the list and a line in it. No place is as good as line 0.
    places: Vec<(u64, Option<Place>)>,
    files: Vec<File>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    file: usize,
    line: u32,
}

/// A source file that has code.
struct File {
    path: String,
    first: u32,
    last: u32,
}

/// Both tables.
#[derive(Default)]
pub struct Tables {
    /// Entries of the symbol table, to stand before all functions.
    pub histories: Vec<u8>,
    /// The pc/line table.
    pub lines: Vec<u8>,
}

impl Lines {
    /// Reads what the file says of its code; nothing if it has no such sections.
    pub fn read(file: &Elf<'_>, sections: &Sections<'_>) -> Result<Lines> {
        let load = |id: SectionId| -> Result<Bytes<'_>> {
            let section = file.section_by_name(id.name());
            let bytes = section.and_then(|section| section.data().ok()).unwrap_or_default();
            Ok(EndianSlice::new(bytes, LittleEndian))
        };
        let what = "its debugging information is damaged; compile without -g";
        let dwarf = Arc::new(Dwarf::load(load)?);
        let bounds = inlined(&dwarf).context(what)?;
        let context = Context::from_arc_dwarf(dwarf).context(what)?;
        let mut lines = Lines::default();
        let mut numbers = BTreeMap::new();
        for section in sections.text.iter().filter(|section| section.executable) {
            lines.section(&context, section, &bounds, &mut numbers).context(what)?;
        }
        Ok(lines)
    }

    fn section(
        &mut self,
        context: &Context<Bytes<'_>>,
        section: &Section<'_>,
        bounds: &BTreeSet<u64>,
        numbers: &mut BTreeMap<String, usize>,
    ) -> Result<()> {
        let mut end = section.address;
        for (start, len, _) in context.find_location_range(section.address, section.end())? {
            if start > end {
                self.place(end, None);
            }
            end = end.max(start + len);
            let inside = bounds.range(start..end).copied().filter(|&address| address > start);
            for address in iter::once(start).chain(inside) {
                // The frames of an address, the innermost first.
                let mut frames = context.find_frames(address).skip_all_loads()?;
                let mut outermost = None;
                while let Some(frame) = frames.next()? {
                    outermost = frame.location;
                }
                let at = outermost.and_then(|at| Some((at.file?, at.line?)));
                if let Some((path, line)) = at.filter(|&(_, line)| line > 0) {
                    let file = self.file(path, line, numbers);
                    self.place(address, Some(Place { file, line }));
                }
            }
        }
        self.place(end, None);
        Ok(())
    }

    /// The number of a file that has code of this line.
    fn file(&mut self, path: &str, line: u32, numbers: &mut BTreeMap<String, usize>) -> usize {
        let number = numbers.get(path).copied().unwrap_or_else(|| {
            self.files.push(File { path: path.to_owned(), first: line, last: line });
            numbers.insert(path.to_owned(), self.files.len() - 1);
            self.files.len() - 1
        });
        let file = &mut self.files[number];
        file.first = file.first.min(line);
        file.last = file.last.max(line);
        number
    }

    fn place(&mut self, address: u64, place: Option<Place>) {
        if self.places.last().map_or(place.is_some(), |&(_, last)| last != place) {
            self.places.push((address, place));
        }
    }

    /// Writes both tables, for a text that starts and ends there in memory.
    pub fn tables(&self, text_start: u64, text_end: u64) -> Tables {
        if self.files.is_empty() {
            return Tables::default();
        }
        let mut elements = Elements::default();
        let mut histories = Vec::new();
        elements.history(&mut histories, 1, ALL);
        // What is added to a file's line, to make it one of the program's.
        let mut bases = Vec::new();
        let mut next: i64 = 2;
        for file in &self.files {
            let begin = next;
            elements.history(&mut histories, begin, &file.path);
            if file.first == 1 {
                // libmach takes the number that a file begins with for the end of the one before, so a first line can have
                // none. With one that is included ahead of it, and is one line long, all move on by one.
                elements.history(&mut histories, begin - 1, &file.path);
                elements.history(&mut histories, begin, "");
            }
            let base = begin - i64::from(file.first > 1);
            next = base + i64::from(file.last) + 1;
            elements.history(&mut histories, next, "");
            bases.push(base);
        }
        if next > i64::from(i32::MAX) || elements.numbers.len() > MOST_ELEMENTS {
            return Tables::default();
        }
        let mut writer = Writer { bytes: Vec::new(), pc: text_start, line: 0 };
        for &(address, place) in &self.places {
            let line = place.map_or(0, |place| bases[place.file] + i64::from(place.line));
            writer.line(address, line as i32);
        }
        writer.end(text_end);
        Tables { histories: [elements.entries, histories].concat(), lines: writer.bytes }
    }
}

/// Where inlined code begins and ends: in the middle of a line at times.
fn inlined(dwarf: &Dwarf<Bytes<'_>>) -> addr2line::gimli::Result<BTreeSet<u64>> {
    let mut bounds = BTreeSet::new();
    let mut units = dwarf.units();
    while let Some(header) = units.next()? {
        let unit = dwarf.unit(header)?;
        let mut entries = unit.entries();
        while let Some((_, entry)) = entries.next_dfs()? {
            if entry.tag() != DW_TAG_inlined_subroutine {
                continue;
            }
            let mut ranges = dwarf.die_ranges(&unit, entry)?;
            while let Some(range) = ranges.next()? {
                bounds.extend([range.begin, range.end]);
            }
        }
    }
    Ok(bounds)
}

/// The elements of paths, each with its number.
#[derive(Default)]
struct Elements {
    numbers: BTreeMap<String, usize>,
    /// Their entries in the symbol table.
    entries: Vec<u8>,
}

impl Elements {
    /// Writes an entry of a history: a file begins at that number, or ends, if it has no name.
    fn history(&mut self, table: &mut Vec<u8>, value: i64, path: &str) {
        entry(table, value as u64, b'z');
        table.push(0);
        for element in elements_of(path) {
            let number = self.number(element) as u16;
            table.extend(number.to_be_bytes());
        }
        table.extend([0, 0]);
    }

    fn number(&mut self, element: &str) -> usize {
        if let Some(&number) = self.numbers.get(element) {
            return number;
        }
        // From 1: two zeros are the end of a path.
        let number = self.numbers.len() + 1;
        self.numbers.insert(element.to_owned(), number);
        entry(&mut self.entries, number as u64, b'f');
        self.entries.extend(element.bytes());
        self.entries.push(0);
        number
    }
}

fn entry(table: &mut Vec<u8>, value: u64, kind: u8) {
    table.extend(value.to_be_bytes());
    table.push(kind | TYPE_BIT);
}

/// The elements of a path, without what it takes back again; the root is one.
fn elements_of(path: &str) -> Vec<&str> {
    let mut elements = Vec::new();
    if path.starts_with('/') {
        elements.push("/");
    }
    for element in path.split('/') {
        match element {
            "" | "." => {}
            ".." if elements.last().is_some_and(|&last| last != "/" && last != "..") => {
                elements.pop();
            }
            _ => elements.push(element),
        }
    }
    elements
}

/// Writes the pc/line table as `cmd/6l/span.c:asmlc` does.
struct Writer {
    bytes: Vec<u8>,
    /// The first address that has no line yet, and the line before it.
    pc: u64,
    line: i32,
}

impl Writer {
    fn line(&mut self, address: u64, line: i32) {
        if line == self.line || address < self.pc {
            return;
        }
        self.forward(address);
        let delta = line.wrapping_sub(self.line);
        if delta.abs() > SHORT {
            self.bytes.push(0);
            self.bytes.extend(delta.to_be_bytes());
        } else {
            self.bytes.push(if delta > 0 { delta } else { SHORT - delta } as u8);
        }
        self.line = line;
        self.pc += QUANTUM;
    }

    fn forward(&mut self, address: u64) {
        while self.pc < address {
            let quanta = ((address - self.pc) / QUANTUM).min(FORWARD);
            self.bytes.push(FORWARD_BIT + quanta as u8);
            self.pc += quanta * QUANTUM;
        }
    }

    /// The last line, if there is one, is for all that is left. Plan 9's linkers make the length even.
    fn end(&mut self, text_end: u64) {
        if self.line != 0 {
            self.forward(text_end);
        }
        if self.bytes.len() % 2 == 1 {
            self.bytes.push(FORWARD_BIT + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan9_abi::history::Search;
    use plan9_abi::lines::line_at;
    use plan9_abi::symbols::{Symbol, Symbols};

    fn file(path: &str, first: u32, last: u32) -> File {
        File { path: path.to_owned(), first, last }
    }

    /// A place as a debugger finds it in the tables.
    fn find(tables: &Tables, start: u64, pc: u64) -> Option<(String, i32)> {
        let line = line_at(&tables.lines, start, pc)?;
        let mut search = Search::new(pc, line);
        let all: Vec<Symbol<'_>> = Symbols::new(&tables.histories).collect();
        all.iter().for_each(|symbol| search.see(symbol));
        search.see(&Symbol { value: start, kind: b'T', name: b"first" });
        let source = search.source()?;
        let element = |&number: &u16| {
            let is_it = |symbol: &&Symbol<'_>| symbol.kind == b'f' && symbol.value == number.into();
            String::from_utf8(all.iter().find(is_it).unwrap().name.to_vec()).unwrap()
        };
        let path: Vec<String> = source.path.elements().iter().map(element).collect();
        Some((path.join("/").replacen("//", "/", 1), source.line))
    }

    #[test]
    fn every_line_of_every_file_is_found_again() {
        let place = |file, line| Some(Place { file, line });
        let lines = Lines {
            files: vec![file("/a/b.rs", 3, 900), file("c.rs", 1, 1), file("/a/d.rs", 1, 70)],
            places: vec![
                (0x30, place(0, 3)),
                (0x31, place(0, 900)),
                (0x40, place(1, 1)),
                (0x140, None),
                (0x150, place(2, 1)),
                (0x151, place(2, 2)),
                (0x160, place(2, 70)),
                (0x161, place(2, 7)),
            ],
        };
        let tables = lines.tables(0x28, 0x200);
        assert!(tables.lines.len().is_multiple_of(2));
        let at = |pc| find(&tables, 0x28, pc);
        let found = |path: &str, line| Some((path.to_owned(), line));
        assert_eq!((at(0x28), at(0x2F)), (None, None));
        assert_eq!(at(0x30), found("/a/b.rs", 3));
        assert_eq!((at(0x31), at(0x3F)), (found("/a/b.rs", 900), found("/a/b.rs", 900)));
        assert_eq!((at(0x40), at(0x13F)), (found("c.rs", 1), found("c.rs", 1)));
        assert_eq!((at(0x140), at(0x14F)), (None, None));
        assert_eq!((at(0x150), at(0x151)), (found("/a/d.rs", 1), found("/a/d.rs", 2)));
        assert_eq!((at(0x160), at(0x161)), (found("/a/d.rs", 70), found("/a/d.rs", 7)));
        assert_eq!(at(0x200), found("/a/d.rs", 7));
    }

    #[test]
    fn paths_lose_what_they_take_back() {
        assert_eq!(elements_of("/a/b/../c/./d.rs"), ["/", "a", "c", "d.rs"]);
        assert_eq!(elements_of("../x/y.rs"), ["..", "x", "y.rs"]);
        assert_eq!(elements_of("<std macros>"), ["<std macros>"]);
        assert_eq!(elements_of(""), [""; 0]);
    }
}
