//! The header of a Plan 9 executable (man 6/a.out, `include/a.out.h`).
//!
//! `plan9-ld` writes it and `plan9-run` reads it, as the kernel's exec does
//! (`port/sysproc.c:sysexec`), so both use one encoding and one list of what exec refuses. All
//! words are big-endian; amd64 and arm64 append the entry point in 64 bits, which a flag in the
//! magic number announces.

use core::fmt;

/// The flag in a magic number that 8 more header bytes follow, the entry point.
pub const HDR_MAGIC: u32 = 0x8000;
/// The magic number of amd64.
pub const MAGIC_AMD64: u32 = magic(26) | HDR_MAGIC;
/// The magic number of 386.
pub const MAGIC_386: u32 = magic(11);
/// The magic number of arm64.
pub const MAGIC_ARM64: u32 = magic(28) | HDR_MAGIC;
/// The size of an amd64 header in the file and in front of the text in memory, in bytes.
pub const HEADER_SIZE: usize = 40;

const fn magic(b: u32) -> u32 {
    4 * b * b + 7
}

/// The header of an amd64 executable. Sizes are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub text: u32,
    pub data: u32,
    pub bss: u32,
    /// The symbol table, directly behind the data in the file.
    pub symbols: u32,
    /// The pc/line table, behind the symbols.
    pub lines: u32,
    pub entry: u64,
}

/// Why a file is no amd64 executable of Plan 9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// Shorter than a header.
    Short,
    /// Another system's executable or no executable.
    Foreign,
    /// A Plan 9 executable of another architecture, with its magic number.
    OtherArchitecture(u32),
    /// The entry point lies outside the text.
    Entry(u64),
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => {
                write!(f, "the file is shorter than the {HEADER_SIZE} bytes of a Plan 9 header")
            }
            Self::Foreign => write!(f, "the file does not begin as a Plan 9 executable does"),
            Self::OtherArchitecture(m) => {
                write!(
                    f,
                    "the file is a Plan 9 executable of another architecture (magic {m:#x}, amd64 is \
                     {MAGIC_AMD64:#x})"
                )
            }
            Self::Entry(pc) => write!(f, "the entry point {pc:#x} lies outside the text"),
        }
    }
}

impl core::error::Error for HeaderError {}

impl Header {
    /// Reads the header at the start of `file`, and refuses what the kernel's exec refuses.
    pub fn parse(file: &[u8]) -> Result<Self, HeaderError> {
        let magic = word(file, 0).ok_or(HeaderError::Short)?;
        match magic {
            MAGIC_AMD64 => {}
            MAGIC_386 | MAGIC_ARM64 => return Err(HeaderError::OtherArchitecture(magic)),
            _ => return Err(HeaderError::Foreign),
        }
        let field = |at| word(file, at).ok_or(HeaderError::Short);
        let entry = u64::from(field(32)?) << 32 | u64::from(field(36)?);
        let header = Self {
            text: field(4)?,
            data: field(8)?,
            bss: field(12)?,
            symbols: field(16)?,
            lines: field(28)?,
            entry,
        };
        let text_start = crate::layout::UTZERO + HEADER_SIZE as u64;
        if !(text_start..text_start + u64::from(header.text)).contains(&entry) {
            return Err(HeaderError::Entry(entry));
        }
        Ok(header)
    }

    /// The header as it stands in the file.
    pub fn encode(&self) -> [u8; HEADER_SIZE] {
        let low = self.entry as u32;
        let words = [
            MAGIC_AMD64,
            self.text,
            self.data,
            self.bss,
            self.symbols,
            low,
            0,
            self.lines,
            (self.entry >> 32) as u32,
            low,
        ];
        let mut bytes = [0; HEADER_SIZE];
        for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }

    /// Where the data segment starts in memory.
    pub const fn data_start(&self) -> u64 {
        (crate::layout::UTZERO + HEADER_SIZE as u64 + self.text as u64)
            .next_multiple_of(crate::layout::DATA_ALIGN)
    }

    /// Where the bss segment starts: the first whole page behind the data.
    pub const fn bss_start(&self) -> u64 {
        (self.data_start() + self.data as u64).next_multiple_of(crate::layout::PAGE)
    }

    /// The end of the bss, the initial break.
    pub const fn end(&self) -> u64 {
        self.data_start() + self.data as u64 + self.bss as u64
    }

    /// Where the symbol table starts in the file.
    pub const fn symbols_offset(&self) -> u64 {
        HEADER_SIZE as u64 + self.text as u64 + self.data as u64
    }

    /// Where the pc/line table starts in the file: there is no table of stack pointers on amd64.
    pub const fn lines_offset(&self) -> u64 {
        self.symbols_offset() + self.symbols as u64
    }
}

fn word(file: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(file.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: Header =
        Header { text: 0x1000, data: 0x2345, bss: 0x9000, symbols: 77, lines: 5, entry: 0x20_0040 };

    #[test]
    fn a_header_survives_its_encoding() {
        assert_eq!(Header::parse(&SAMPLE.encode()), Ok(SAMPLE));
    }

    #[test]
    fn magic_numbers_are_those_of_the_include_file() {
        assert_eq!((MAGIC_AMD64, MAGIC_386, MAGIC_ARM64), (0x8A97, 0x1EB, 0x8C47));
    }

    #[test]
    fn segments_lie_where_exec_puts_them() {
        assert_eq!(SAMPLE.data_start(), 0x40_0000);
        assert_eq!(SAMPLE.bss_start(), 0x40_3000);
        assert_eq!(SAMPLE.end(), 0x40_B345);
    }

    #[test]
    fn what_exec_refuses_is_refused() {
        assert_eq!(Header::parse(b"\x7fELF and more"), Err(HeaderError::Foreign));
        assert_eq!(Header::parse(&SAMPLE.encode()[..39]), Err(HeaderError::Short));
        assert_eq!(Header::parse(b"#!"), Err(HeaderError::Short));
        let outside = Header { entry: 0x20_0027, ..SAMPLE };
        assert_eq!(Header::parse(&outside.encode()), Err(HeaderError::Entry(0x20_0027)));
        let mut other = SAMPLE.encode();
        other[..4].copy_from_slice(&MAGIC_ARM64.to_be_bytes());
        assert_eq!(Header::parse(&other), Err(HeaderError::OtherArchitecture(MAGIC_ARM64)));
    }
}
