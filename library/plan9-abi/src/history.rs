//! File histories: from a line of a program's own numbering to a file and a line in it (man
//! 6/a.out).
//!
//! The compilers of Plan 9 number the lines of a source file together with those of the files that
//! it includes, as if they stood in it. In the symbol table a history of `z` entries stands before
//! the functions that it is for: where (in that numbering) a file begins, and where it ends, which
//! an empty name says. A value of 1 begins the next history. A `Z` entry says that the file before
//! it did not begin with its first line (`#line`). Names are the numbers of `f` entries, one an
//! element of the path. [`Search`] reads them as `libmach/sym.c:fileline` does, but in one walk
//! over the table and without memory.

use crate::symbols::Symbol;

/// The most elements of a path that are kept, and the most files that include each other.
const PATH: usize = 24;
const DEEP: usize = 8;

/// A file by the numbers of its path's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    elements: [u16; PATH],
    len: usize,
}

impl Path {
    const EMPTY: Self = Self { elements: [0; PATH], len: 0 };

    /// From an entry's pairs of bytes; what is too long loses its end.
    fn new(pairs: &[u8]) -> Self {
        let mut path = Self::EMPTY;
        for (element, pair) in path.elements.iter_mut().zip(pairs.chunks_exact(2)) {
            *element = u16::from_be_bytes([pair[0], pair[1]]);
            path.len += 1;
        }
        path
    }

    /// The numbers, outermost first.
    pub fn elements(&self) -> &[u16] {
        &self.elements[..self.len]
    }
}

/// What stands between two elements of a path, as `libmach/sym.c:fileelem` joins them; the root is
/// an element.
pub fn separator(before: &[u8]) -> &'static [u8] {
    if before.is_empty() || before.ends_with(b"/") { b"" } else { b"/" }
}

/// A place in a source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    pub path: Path,
    pub line: i32,
}

/// A file that has begun and not ended.
#[derive(Clone, Copy)]
struct File {
    path: Path,
    /// Where it began, and how much of the numbering before the line is not its own.
    start: i64,
    delta: i64,
}

/// Looks for the file of one address. It is shown every entry of the table, in order.
pub struct Search {
    pc: u64,
    line: i64,
    files: [File; DEEP],
    depth: usize,
    /// The history has come to its first entry behind the line.
    passed: bool,
    /// The last `z` was taken in.
    taken: bool,
    /// No function has followed the history yet.
    pending: bool,
    found: Option<(u64, Source)>,
}

impl Search {
    /// For an address with its line by the table of lines.
    pub const fn new(pc: u64, line: i32) -> Self {
        let none = File { path: Path::EMPTY, start: 0, delta: 0 };
        Self {
            pc,
            line: line as i64,
            files: [none; DEEP],
            depth: 0,
            passed: false,
            taken: false,
            pending: false,
            found: None,
        }
    }

    /// Takes one entry in.
    pub fn see(&mut self, symbol: &Symbol<'_>) {
        match symbol.kind {
            b'z' => self.history(symbol.value as i64, symbol.name),
            b'Z' if self.taken && self.depth > 0 => self.renumber(symbol.value as i64),
            b'T' | b't' | b'L' | b'l' if self.pending => self.function(symbol.value),
            _ => {}
        }
    }

    /// The place, when all has been seen.
    pub fn source(&self) -> Option<Source> {
        self.found.map(|(_, source)| source)
    }

    fn history(&mut self, value: i64, name: &[u8]) {
        let first = value == 1;
        if first {
            (self.depth, self.passed, self.pending) = (0, false, true);
        }
        self.passed |= !first && self.line <= value;
        self.taken = !self.passed;
        if self.passed {
            return;
        }
        if !name.is_empty() {
            if self.depth < DEEP {
                let path = Path::new(name);
                self.files[self.depth] = File { path, start: value, delta: value };
                self.depth += 1;
            }
        } else if self.depth > 1 {
            self.depth -= 1;
            let ended = self.files[self.depth].start;
            self.files[self.depth - 1].delta += value - ended;
        }
    }

    /// The newest file stands in the place of the one that it began in.
    fn renumber(&mut self, first: i64) {
        let last = self.depth - 1;
        self.files[last].delta = self.files[last].start - first + 1;
        if last > 0 {
            self.files[last - 1] = self.files[last];
            self.depth = last;
        }
    }

    /// The first function of a history: it is for all addresses from there to the first of the
    /// next.
    fn function(&mut self, start: u64) {
        self.pending = false;
        let nearer = self.found.is_none_or(|(found, _)| start > found);
        if start > self.pc || !nearer || !self.passed || self.depth == 0 {
            return;
        }
        let file = &self.files[self.depth - 1];
        let line = (self.line - file.delta + 1) as i32;
        self.found = Some((start, Source { path: file.path, line }));
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    const A: &[u8] = &[0, 1];
    const B: &[u8] = &[0, 2, 0, 3];

    fn z(value: u64, name: &[u8]) -> Symbol<'_> {
        Symbol { value, kind: b'z', name }
    }

    fn find(table: &[Symbol<'_>], pc: u64, line: i32) -> Option<(Vec<u16>, i32)> {
        let mut search = Search::new(pc, line);
        table.iter().for_each(|symbol| search.see(symbol));
        search.source().map(|source| (source.path.elements().to_vec(), source.line))
    }

    #[test]
    fn lines_of_an_included_file_are_its_own_and_do_not_count_for_the_other() {
        let text = Symbol { value: 0x1000, kind: b'T', name: b"f" };
        // Ten lines of A, five of B, A again.
        let table = [z(1, A), z(11, B), z(16, b""), z(100, b""), text];
        let at = |line| find(&table, 0x1234, line).unwrap();
        assert_eq!((at(1), at(10)), ((a(), 1), (a(), 10)));
        assert_eq!((at(12), at(16)), ((b(), 2), (b(), 6)));
        assert_eq!(at(17), (a(), 12));
        assert_eq!(find(&table, 0x1234, 101), None);
        assert_eq!(find(&table, 0xFFF, 5), None);
    }

    #[test]
    fn the_history_is_that_of_the_nearest_function_before() {
        let at = |value| Symbol { value, kind: b'T', name: b"f" };
        let table = [z(1, A), z(50, b""), at(0x1000), z(1, B), z(50, b""), at(0x2000), at(0x3000)];
        assert_eq!(find(&table, 0x1FFF, 7), Some((a(), 7)));
        assert_eq!(find(&table, 0x3FFF, 7), Some((b(), 7)));
    }

    #[test]
    fn a_renumbered_file_counts_from_where_it_is_told() {
        let text = Symbol { value: 0, kind: b't', name: b"f" };
        let from = Symbol { value: 500, kind: b'Z', name: B };
        let table = [z(1, A), z(10, B), from, z(90, b""), text];
        assert_eq!(find(&table, 5, 12), Some((b(), 502)));
        assert_eq!(find(&table, 5, 9), Some((a(), 9)));
    }

    fn a() -> Vec<u16> {
        [1].into()
    }

    fn b() -> Vec<u16> {
        [2, 3].into()
    }
}
