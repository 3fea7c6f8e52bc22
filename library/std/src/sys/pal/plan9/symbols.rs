//! Names of functions, files and lines from the executable's own tables, for backtraces.
//!
//! An a.out carries its symbols behind the data, and behind these the lines of its code (man
//! 6/a.out). The running program's file is `/proc/N/text`, so no path has to be known. [`find`]
//! reads the tables at the first question and keeps them; [`locate`] reads them through a small
//! buffer, for a note handler, which must not allocate.

use plan9_abi::aout::{HEADER_SIZE, Header};
use plan9_abi::flags::open;
use plan9_abi::history::{Path, Search, Source};
use plan9_abi::layout::UTZERO;
use plan9_abi::lines::Lines;
use plan9_abi::symbols::{Symbol, Symbols};
use plan9_abi::sys::file;
use plan9_abi::{history, lines};

use super::proc_file;
use crate::sync::OnceLock;
use crate::sys::thread::per_proc;

/// Where the text starts in memory.
const TEXT_START: u64 = UTZERO + HEADER_SIZE as u64;

/// What the tables say of an address.
pub struct Found {
    /// The function that holds it: where it starts, and its name.
    pub function: (usize, &'static [u8]),
    /// The file and the line in it, if they are known.
    pub source: Option<(Vec<u8>, u32)>,
}

/// The symbol table and the table of lines.
#[derive(Default)]
struct Tables {
    symbols: Vec<u8>,
    lines: Vec<u8>,
}

/// What is known of `pc`; `None` if the file has no symbols, or cannot be read.
pub fn find(pc: usize) -> Option<Found> {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    let tables = TABLES.get_or_init(|| read().unwrap_or_default());
    let line = lines::line_at(&tables.lines, TEXT_START, pc as u64);
    let mut search = line.map(|line| Search::new(pc as u64, line));
    let mut function: Option<(usize, &'static [u8])> = None;
    for symbol in Symbols::new(&tables.symbols) {
        if let Some(search) = &mut search {
            search.see(&symbol);
        }
        let value = symbol.value as usize;
        if symbol.is_text() && value <= pc && function.is_none_or(|(found, _)| found < value) {
            function = Some((value, symbol.name));
        }
    }
    let source = search.and_then(|search| search.source());
    let source = source.map(|at| (path(&tables.symbols, &at.path), at.line as u32));
    Some(Found { function: function?, source })
}

/// The name of a file whose elements the table has.
fn path(table: &[u8], path: &Path) -> Vec<u8> {
    let mut name = Vec::new();
    for &element in path.elements() {
        let mut elements = Symbols::new(table).filter(|symbol| symbol.kind == b'f');
        let found = elements.find(|symbol| symbol.value == u64::from(element));
        name.extend(history::separator(&name));
        name.extend(found.map_or(&b"?"[..], |symbol| symbol.name));
    }
    name
}

/// A program counter and what is around it.
pub struct Place {
    pub pc: usize,
    start: usize,
    name: [u8; NAME_KEPT],
    len: usize,
    /// The line in the program's numbering, then the file and the line in it.
    line: i32,
    search: Search,
    source: Option<Source>,
    /// The end of the file's name, at the end of the array, and how long each of its elements is.
    file: [u8; FILE_KEPT],
    lens: [u8; ELEMENTS],
}

/// What is kept of a function's name, in bytes.
const NAME_KEPT: usize = 100;
/// What is kept of a file's name, its end, in bytes.
const FILE_KEPT: usize = 120;
/// Elements of a path that are looked at.
const ELEMENTS: usize = 24;

impl Place {
    /// Nowhere.
    pub const NONE: Place = Place {
        pc: 0,
        start: 0,
        name: [0; NAME_KEPT],
        len: 0,
        line: 0,
        search: Search::new(0, 0),
        source: None,
        file: [0; FILE_KEPT],
        lens: [0; ELEMENTS],
    };

    /// The function's name, cut to what is kept; `?` if none is known.
    pub fn name(&self) -> &str {
        match crate::str::from_utf8(&self.name[..self.len]) {
            Ok("") | Err(_) => "?",
            Ok(name) => name,
        }
    }

    /// The file's name, its end if it is long, and the line.
    pub fn source(&self) -> Option<(&str, i32)> {
        let source = self.source?;
        let first = self.file.iter().position(|&byte| byte != 0)?;
        Some((crate::str::from_utf8(&self.file[first..]).ok()?, source.line))
    }

    fn consider(&mut self, value: usize, name: &[u8]) {
        if value <= self.pc && value > self.start {
            self.start = value;
            self.len = name.len().min(NAME_KEPT);
            self.name[..self.len].copy_from_slice(&name[..self.len]);
        }
    }

    /// Shows an element of a path to the place: first for its length, then for its bytes.
    fn element(&mut self, number: u64, name: &[u8], measure: bool) {
        let Some(source) = &self.source else { return };
        let elements = source.path.elements();
        for at in (0..elements.len()).filter(|&at| u64::from(elements[at]) == number) {
            if measure {
                self.lens[at] = name.len().min(FILE_KEPT) as u8;
                continue;
            }
            // Each but the last has a separator behind it, which the root has in itself.
            let is_root = name == b"/";
            let behind = &self.lens[at + 1..elements.len()];
            let behind: usize = behind.iter().map(|&len| usize::from(len) + 1).sum();
            let Some(end) = FILE_KEPT.checked_sub(behind) else { continue };
            if behind > 0 {
                self.file[end] = b'/';
            }
            let kept = name.len().min(end);
            if !is_root {
                self.file[end - kept..end].copy_from_slice(&name[name.len() - kept..]);
            }
        }
    }
}

/// Finds out about each place, without the heap and without a lock.
pub fn locate(places: &mut [Place]) {
    if let Ok(fd) = proc_file::open(per_proc::pid(), "text", open::READ) {
        let _ = scan(fd, places);
        let _ = file::close(fd);
    }
}

fn scan(fd: i32, places: &mut [Place]) -> Option<()> {
    let mut buffer = [0; 2048];
    file::pread(fd, &mut buffer[..HEADER_SIZE], 0).ok()?;
    let header = Header::parse(buffer.first_chunk::<HEADER_SIZE>()?).ok()?;
    scan_lines(fd, &header, places);
    for place in &mut *places {
        place.search = Search::new(place.pc as u64, place.line);
    }
    scan_symbols(fd, &header, &mut buffer, |symbol| {
        for place in &mut *places {
            place.search.see(symbol);
            if symbol.is_text() {
                place.consider(symbol.value as usize, symbol.name);
            }
        }
    })?;
    for place in &mut *places {
        place.source = place.search.source().filter(|_| place.line > 0);
    }
    for measure in [true, false] {
        scan_symbols(fd, &header, &mut buffer, |symbol| {
            if symbol.kind == b'f' {
                places.iter_mut().for_each(|place| {
                    place.element(symbol.value, symbol.name, measure);
                });
            }
        })?;
    }
    Some(())
}

/// The lines of all places, in the program's numbering; 0 where there is none.
fn scan_lines(fd: i32, header: &Header, places: &mut [Place]) {
    let mut buffer = [0; 2048];
    let mut lines = Lines::new(TEXT_START);
    let (mut at, end) = (header.lines_offset(), header.lines_offset() + u64::from(header.lines));
    while at < end {
        let len = buffer.len().min((end - at) as usize);
        let Ok(read) = file::pread(fd, &mut buffer[..len], at.cast_signed()) else { return };
        let mut rest = &buffer[..read];
        let mut before = lines.pc;
        while let Some(used) = lines.step(rest) {
            for place in places.iter_mut() {
                if before < place.pc as u64 && place.pc as u64 <= lines.pc {
                    place.line = lines.line;
                }
            }
            before = lines.pc;
            rest = &rest[used..];
        }
        let whole = read - rest.len();
        if whole == 0 {
            return;
        }
        at += whole as u64;
    }
}

/// Shows each symbol of the file's table, in its order.
fn scan_symbols(
    fd: i32,
    header: &Header,
    buffer: &mut [u8],
    mut see: impl FnMut(&Symbol<'_>),
) -> Option<()> {
    let (mut at, end) =
        (header.symbols_offset(), header.symbols_offset() + u64::from(header.symbols));
    while at < end {
        let len = buffer.len().min((end - at) as usize);
        let read = file::pread(fd, &mut buffer[..len], at.cast_signed()).ok()?;
        let mut symbols = Symbols::new(&buffer[..read]);
        symbols.by_ref().for_each(|symbol| see(&symbol));
        // The rest begins a symbol that the next piece holds whole; `plan9-ld` writes none that is
        // longer.
        let whole = read - symbols.rest().len();
        if whole == 0 {
            return None;
        }
        at += whole as u64;
    }
    Some(())
}

/// Reads the tables; no part of one if the file does not hold all.
fn read() -> Option<Tables> {
    let fd = proc_file::open(per_proc::pid(), "text", open::READ).ok()?;
    let tables = read_from(fd);
    let _ = file::close(fd);
    tables
}

fn read_from(fd: i32) -> Option<Tables> {
    let mut header = [0; HEADER_SIZE];
    file::pread(fd, &mut header, 0).ok()?;
    let header = Header::parse(&header).ok()?;
    Some(Tables {
        symbols: read_table(fd, header.symbols_offset(), header.symbols)?,
        lines: read_table(fd, header.lines_offset(), header.lines).unwrap_or_default(),
    })
}

fn read_table(fd: i32, start: u64, size: u32) -> Option<Vec<u8>> {
    let mut table = vec![0; size as usize];
    let mut done = 0;
    while done < table.len() {
        let at = start + done as u64;
        match file::pread(fd, &mut table[done..], at.cast_signed()) {
            Ok(0) | Err(_) => return None,
            Ok(n) => done += n,
        }
    }
    Some(table)
}
