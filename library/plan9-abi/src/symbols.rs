//! The symbol table of a Plan 9 executable (man 6/a.out), as a walk over its bytes.
//!
//! `plan9-ld` writes the table and reads it back, std's symbolizer reads it in a running program,
//! so both take entries apart here. An entry is a value of eight big-endian bytes, a type letter
//! with its top bit set, and a name that ends in a NUL. Only the file history (`z`, `Z`) differs: a
//! byte, then pairs of bytes up to a pair of zeros ([`history`](crate::history)). Readers stop at
//! the first thing that is none of these, as `libmach/sym.c:syminit` does.

/// Set in the type letter of every entry.
pub const TYPE_BIT: u8 = 0x80;
/// The longest name that acid keeps, in bytes (`cmd/acid/util.c:varsym`: 1024 less 6, and less the
/// NUL). A name that does not fit a bio buffer, 8 KiB on the 4th edition, makes the whole table
/// unreadable to `nm` and `db`.
pub const NAME_MAX: usize = 1017;

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol<'a> {
    /// An address, or what else the kind says.
    pub value: u64,
    /// `T` text, `D` data, `B` bss, lower case where it is local to a file, `m` the size of a
    /// frame, and more.
    pub kind: u8,
    /// Without its NUL; for the file history its pairs of bytes.
    pub name: &'a [u8],
}

impl Symbol<'_> {
    /// True for a function, or another place in the text.
    pub const fn is_text(&self) -> bool {
        matches!(self.kind, b'T' | b't' | b'L' | b'l')
    }
}

/// The entries of a table, in its order; ends where the bytes end or are damaged.
#[derive(Clone, Debug)]
pub struct Symbols<'a>(&'a [u8]);

impl<'a> Symbols<'a> {
    /// Walks the table that stands `Header::symbols` bytes long at `Header::symbols_offset`.
    pub const fn new(table: &'a [u8]) -> Self {
        Self(table)
    }

    /// What has not been read: empty after a walk over a whole table.
    pub const fn rest(&self) -> &'a [u8] {
        self.0
    }
}

impl<'a> Iterator for Symbols<'a> {
    type Item = Symbol<'a>;

    fn next(&mut self) -> Option<Symbol<'a>> {
        let (value, rest) = self.0.split_first_chunk()?;
        let (&kind, rest) = rest.split_first()?;
        if kind & TYPE_BIT == 0 {
            return None;
        }
        let kind = kind & !TYPE_BIT;
        let (name, len) = match kind {
            b'z' | b'Z' => {
                let pairs = rest.get(1..)?.chunks_exact(2).position(|pair| pair == [0, 0])?;
                (&rest[1..1 + 2 * pairs], 1 + 2 * pairs + 2)
            }
            _ => {
                let len = rest.iter().position(|&byte| byte == 0)?;
                (&rest[..len], len + 1)
            }
        };
        self.0 = &rest[len..];
        Some(Symbol { value: u64::from_be_bytes(*value), kind, name })
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn entry(value: u64, kind: u8, rest: &[u8]) -> Vec<u8> {
        [&value.to_be_bytes(), &[kind | TYPE_BIT][..], rest].concat()
    }

    #[test]
    fn entries_are_read_in_order_and_file_histories_are_passed_over() {
        let table = [
            entry(0x20_1000, b'T', b"etext\0"),
            entry(1, b'z', &[0, 0, 7, 1, 0, 0, 0]),
            entry(0x40_0000, b'd', b"\0"),
        ]
        .concat();
        let mut symbols = Symbols::new(&table);
        assert_eq!(symbols.next(), Some(Symbol { value: 0x20_1000, kind: b'T', name: b"etext" }));
        assert_eq!(symbols.next(), Some(Symbol { value: 1, kind: b'z', name: &[0, 7, 1, 0] }));
        assert_eq!(symbols.next(), Some(Symbol { value: 0x40_0000, kind: b'd', name: b"" }));
        assert_eq!((symbols.next(), symbols.rest()), (None, &[][..]));
    }

    #[test]
    fn a_damaged_table_ends_where_the_damage_is() {
        let whole = [entry(1, b'T', b"a\0"), entry(2, b'T', b"b\0")].concat();
        for len in 0..whole.len() {
            let count = Symbols::new(&whole[..len]).count();
            assert_eq!(count, usize::from(len >= whole.len() / 2), "{len} bytes");
        }
        let mut other = whole;
        other[8] &= !TYPE_BIT;
        assert_eq!(Symbols::new(&other).next(), None);
        assert_eq!(Symbols::new(&entry(1, b'z', &[0, 0, 7, 0])).next(), None);
    }

    #[test]
    fn text_is_told_from_the_rest() {
        let kinds = b"TtLlDdBbmz".map(|kind| Symbol { value: 0, kind, name: b"" }.is_text());
        assert_eq!(kinds.iter().filter(|&&is| is).count(), 4);
        assert!(kinds[..4].iter().all(|&is| is));
    }
}
