//! Small texts without the heap: names under `/proc`, statuses.

use crate::ffi::CStr;
use crate::fmt;

/// A text of at most 127 bytes with its NUL; what is longer is cut.
pub struct SmallCStr {
    bytes: [u8; 128],
    len: usize,
}

impl SmallCStr {
    /// Formats, as `format!` does.
    pub fn new(args: fmt::Arguments<'_>) -> Self {
        let mut text = Self { bytes: [0; 128], len: 0 };
        let _ = fmt::Write::write_fmt(&mut text, args);
        text
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or(c"")
    }
}

impl fmt::Write for SmallCStr {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let room = self.bytes.len() - 1 - self.len;
        let take = more.len().min(room);
        self.bytes[self.len..self.len + take].copy_from_slice(&more.as_bytes()[..take]);
        self.len += take;
        Ok(())
    }
}
