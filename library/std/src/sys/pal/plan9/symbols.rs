//! Function names from the executable's own symbol table, for backtraces.
//!
//! An a.out carries its symbols behind the data (man 6/a.out): value, type, name. The running program's file is
//! `/proc/N/text`, so no path has to be known. [`find`] reads the table at the first question and keeps it; [`locate`]
//! reads it through a small buffer, for a note handler, which must not allocate.

use super::private;
use super::proc_file;
use crate::sync::OnceLock;
use plan9_abi::aout::{HEADER_SIZE, Header};
use plan9_abi::flags::open;
use plan9_abi::symbols::{Symbol, Symbols};
use plan9_abi::sys::file;

/// The address and name of the function that holds `pc`; `None` if the file has no symbols, or cannot be read.
pub fn find(pc: usize) -> Option<(usize, &'static [u8])> {
    static TABLE: OnceLock<Vec<u8>> = OnceLock::new();
    let table = TABLE.get_or_init(|| read().unwrap_or_default());
    let mut best: Option<(usize, &'static [u8])> = None;
    for symbol in Symbols::new(table).filter(Symbol::is_text) {
        let value = symbol.value as usize;
        if value <= pc && best.is_none_or(|(found, _)| found < value) {
            best = Some((value, symbol.name));
        }
    }
    best
}

/// A program counter and the function around it.
pub struct Place {
    pub pc: usize,
    start: usize,
    name: [u8; NAME_KEPT],
    len: usize,
}

/// What is kept of a name, in bytes.
const NAME_KEPT: usize = 100;

impl Place {
    /// Nowhere.
    pub const NONE: Place = Place { pc: 0, start: 0, name: [0; NAME_KEPT], len: 0 };

    /// The function's name, cut to what is kept; `?` if none is known.
    pub fn name(&self) -> &str {
        match crate::str::from_utf8(&self.name[..self.len]) {
            Ok("") | Err(_) => "?",
            Ok(name) => name,
        }
    }

    fn consider(&mut self, value: usize, name: &[u8]) {
        if value <= self.pc && value > self.start {
            self.start = value;
            self.len = name.len().min(NAME_KEPT);
            self.name[..self.len].copy_from_slice(&name[..self.len]);
        }
    }
}

/// Finds the function of each place, without the heap and without a lock.
pub fn locate(places: &mut [Place]) {
    if let Ok(fd) = proc_file::open(private::pid(), "text", open::READ) {
        let _ = scan(fd, places);
        let _ = file::close(fd);
    }
}

fn scan(fd: i32, places: &mut [Place]) -> Option<()> {
    let mut buffer = [0; 4096];
    file::pread(fd, &mut buffer[..HEADER_SIZE], 0).ok()?;
    let header = Header::parse(buffer.first_chunk::<HEADER_SIZE>()?).ok()?;
    let (mut at, end) =
        (header.symbols_offset(), header.symbols_offset() + u64::from(header.symbols));
    while at < end {
        let len = buffer.len().min((end - at) as usize);
        let read = file::pread(fd, &mut buffer[..len], at.cast_signed()).ok()?;
        let mut symbols = Symbols::new(&buffer[..read]);
        for symbol in symbols.by_ref().filter(Symbol::is_text) {
            places.iter_mut().for_each(|place| place.consider(symbol.value as usize, symbol.name));
        }
        // The rest begins a symbol that the next piece holds whole; `plan9-ld` writes none that is longer.
        let whole = read - symbols.rest().len();
        if whole == 0 {
            return None;
        }
        at += whole as u64;
    }
    Some(())
}

/// Reads the table; no part of it if the file does not hold all.
fn read() -> Option<Vec<u8>> {
    let fd = proc_file::open(private::pid(), "text", open::READ).ok()?;
    let table = read_from(fd);
    let _ = file::close(fd);
    table
}

fn read_from(fd: i32) -> Option<Vec<u8>> {
    let mut header = [0; HEADER_SIZE];
    file::pread(fd, &mut header, 0).ok()?;
    let header = Header::parse(&header).ok()?;
    let mut table = vec![0; header.symbols as usize];
    let mut done = 0;
    while done < table.len() {
        let at = header.symbols_offset() + done as u64;
        match file::pread(fd, &mut table[done..], at.cast_signed()) {
            Ok(0) | Err(_) => return None,
            Ok(n) => done += n,
        }
    }
    Some(table)
}
