//! The fields of 9P's messages (man 5/intro), for servers in tests.

/// A message's fields, taken one after the other.
pub struct Fields<'m>(pub &'m [u8]);

impl<'m> Fields<'m> {
    /// So many bytes.
    pub fn take(&mut self, n: usize) -> &'m [u8] {
        let (taken, rest) = self.0.split_at(n);
        self.0 = rest;
        taken
    }

    /// A number of so many bytes.
    pub fn number(&mut self, bytes: usize) -> u64 {
        self.take(bytes).iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte))
    }

    /// A text with its length before it.
    pub fn text(&mut self) -> &'m str {
        let n = self.number(2) as usize;
        std::str::from_utf8(self.take(n)).unwrap()
    }
}

/// Adds a text with its length before it.
pub fn put_text(to: &mut Vec<u8>, text: &str) {
    to.extend((text.len() as u16).to_le_bytes());
    to.extend(text.as_bytes());
}
