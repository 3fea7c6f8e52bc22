//! Function names from the executable's own symbol table, for backtraces.
//!
//! An a.out carries its symbols behind the data (man 6/a.out): value, type, name. The running program's file is
//! `/proc/N/text`, so no path has to be known. The table is read at the first question and kept.

use super::private;
use super::text::Text;
use crate::sync::OnceLock;
use plan9_abi::aout::{HEADER_SIZE, Header};
use plan9_abi::flags::open;
use plan9_abi::sys::file;

/// Set in the type byte of every symbol.
const TYPE_FLAG: u8 = 0x80;

/// The address and name of the function that holds `pc`; `None` if the file has no symbols, or cannot be read.
pub fn find(pc: usize) -> Option<(usize, &'static [u8])> {
    static TABLE: OnceLock<Vec<u8>> = OnceLock::new();
    let table = TABLE.get_or_init(|| read().unwrap_or_default());
    let mut best: Option<(usize, &'static [u8])> = None;
    for (value, kind, name) in Symbols(table) {
        let is_text = matches!(kind, b'T' | b't' | b'L' | b'l');
        if is_text && value <= pc && best.is_none_or(|(found, _)| found < value) {
            best = Some((value, name));
        }
    }
    best
}

/// Reads the table; no part of it if the file does not hold all.
fn read() -> Option<Vec<u8>> {
    let name = Text::new(format_args!("/proc/{}/text", private::pid()));
    let fd = file::open(name.as_c_str(), open::READ | open::CEXEC).ok()?;
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

/// Walks a table of 8-byte values.
struct Symbols(&'static [u8]);

impl Iterator for Symbols {
    type Item = (usize, u8, &'static [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (value, rest) = self.0.split_first_chunk()?;
        let (kind, rest) = rest.split_first()?;
        let kind = kind & !TYPE_FLAG;
        // A path of file indices is pairs of bytes up to a pair of zeros; every other name ends in a NUL.
        let (name, len) = match kind {
            b'z' | b'Z' => {
                let pairs = rest.get(1..)?.chunks_exact(2).position(|pair| pair == [0, 0])?;
                (&rest[..0], 1 + 2 * pairs + 2)
            }
            _ => {
                let len = rest.iter().position(|&byte| byte == 0)?;
                (&rest[..len], len + 1)
            }
        };
        self.0 = &rest[len..];
        Some((u64::from_be_bytes(*value) as usize, kind, name))
    }
}
