//! Text made in place, and what varies from run to run made `N`, as the C probes did it: their goldens depend on it.

use core::ffi::CStr;
use core::fmt::{self, Write};

/// A text of up to 2,046 bytes with a NUL behind it; what does not fit is cut.
#[derive(Clone)]
pub struct Long {
    bytes: [u8; Self::ROOM],
    len: usize,
}

impl Long {
    const ROOM: usize = 2048;

    pub const fn empty() -> Long {
        Long { bytes: [0; Self::ROOM], len: 0 }
    }

    pub fn new(args: fmt::Arguments<'_>) -> Long {
        let mut text = Long::empty();
        let _ = text.write_fmt(args);
        text
    }

    pub fn push(&mut self, bytes: &[u8]) {
        let n = bytes.len().min(Self::ROOM - 1 - self.len);
        self.bytes[self.len..][..n].copy_from_slice(&bytes[..n]);
        self.len += n;
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.bytes()).unwrap_or("?")
    }

    pub fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or(c"")
    }
}

impl Write for Long {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

impl fmt::Display for Long {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a probe's `norm` does beside the two rules that all share.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// A newline becomes `\n` in two letters.
    Line,
    /// The number behind `/proc/` is `N`, every byte that is no printable ASCII becomes `\xNN`.
    Bytes,
}

/// The text with hexadecimal figures above 0xffff, and numbers between a blank and a colon, as `N`.
pub fn norm(text: &[u8], rules: Rules) -> Long {
    let mut out = Long::empty();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if let Some(digits) = hexadecimal(rest) {
            out.push(b"N");
            at += digits;
        } else if let Some(digits) = before_colon(rest) {
            out.push(b" N");
            at += digits;
        } else if rules == Rules::Bytes && rest.starts_with(b"/proc/") {
            out.push(b"/proc/N");
            at += 6 + rest[6..].iter().take_while(|b| b.is_ascii_digit()).count();
        } else {
            match (rules, rest[0]) {
                (Rules::Line, b'\n') => out.push(b"\\n"),
                (Rules::Line, b) | (Rules::Bytes, b @ b' '..=b'~') => out.push(&[b]),
                (Rules::Bytes, b) => {
                    let _ = write!(out, "\\x{b:02x}");
                }
            }
            at += 1;
        }
    }
    out
}

/// The length of a figure `0x...` above 0xffff at the start of a text.
fn hexadecimal(text: &[u8]) -> Option<usize> {
    let figure = text.strip_prefix(b"0x")?;
    let digits = figure.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let zeros = figure.iter().take_while(|&&b| b == b'0').count();
    (digits - zeros > 4).then_some(digits + 2)
}

/// The length of a blank and a number, at the start of a text, that a colon follows.
fn before_colon(text: &[u8]) -> Option<usize> {
    let number = text.strip_prefix(b" ")?;
    let digits = number.iter().take_while(|b| b.is_ascii_digit()).count();
    (digits > 0 && number.get(digits) == Some(&b':')).then_some(digits + 1)
}

/// The number that a text begins with, behind blanks.
pub fn number(text: &[u8]) -> i64 {
    let start = text.iter().take_while(|&&b| b == b' ').count();
    text[start..]
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
}
