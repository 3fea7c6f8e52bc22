//! The key that both machines share, and its text in a file.

use std::fmt::{self, Write};
use std::io;

/// Bytes of a key.
const BYTES: usize = 32;

/// Fills a buffer with random bytes of the system.
pub type Random = fn(&mut [u8]) -> io::Result<()>;

/// The shared key. Its text is 64 hexadecimal digits and a newline.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; BYTES]);

impl Key {
    /// A new one.
    ///
    /// # Errors
    ///
    /// What the source of random bytes says.
    pub fn generate(random: Random) -> io::Result<Key> {
        let mut key = [0; BYTES];
        random(&mut key)?;
        Ok(Key(key))
    }

    /// The key of a file's bytes; `None` if they are something else.
    pub fn parse(text: &[u8]) -> Option<Key> {
        let text = str::from_utf8(text).ok()?.trim_end();
        let digits: Vec<u8> = text
            .chars()
            .map(|digit| digit.to_digit(16).map(|value| value as u8))
            .collect::<Option<_>>()?;
        let mut key = [0; BYTES];
        let (pairs, []) = digits.as_chunks::<2>() else { return None };
        if pairs.len() != BYTES {
            return None;
        }
        for (byte, [high, low]) in key.iter_mut().zip(pairs) {
            *byte = high << 4 | low;
        }
        Some(Key(key))
    }

    /// What a file of it holds.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(2 * BYTES + 1);
        for byte in self.0 {
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\n');
        text
    }

    pub(crate) fn bytes(&self) -> &[u8; BYTES] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keys_text_is_that_key_again() {
        let key = Key(std::array::from_fn(|at| at as u8 * 7));
        let text = key.text();
        assert_eq!(text.len(), 65);
        assert_eq!(Key::parse(text.as_bytes()), Some(key.clone()));
        assert_eq!(Key::parse(text.trim_end().to_uppercase().as_bytes()), Some(key));
    }

    #[test]
    fn other_texts_are_no_keys() {
        let good = "0".repeat(64);
        for wrong in ["", &good[1..], &format!("{good}0"), &format!("{good}00"), &"x".repeat(64)] {
            assert_eq!(Key::parse(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(Key::parse(&[0xff; 64]), None);
    }

    #[test]
    fn a_key_is_not_shown() {
        assert_eq!(format!("{:?}", Key([7; 32])), "Key");
    }
}
