//! The key that both machines share, and its text in a file.

use std::fmt::{self, Display, Write};
use std::io::{self, ErrorKind, Read};

/// Bytes of a key.
const BYTES: usize = 32;

/// A file that is longer holds no key, in bytes.
const LONGEST_FILE: u64 = 100;

/// The permissions of everybody but the owner, in a file's mode.
const OTHERS: u32 = 0o077;

/// Whether a file of this mode is for its owner alone: a key that others can read is none.
pub fn is_private(mode: u32) -> bool {
    mode & OTHERS == 0
}

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

    /// The key of an open file with that mode; `name` and `program`, which makes keys, are for the error's sentence.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` if others can read the file, `InvalidData` if it holds no key, and what reading says.
    pub fn read(file: impl Read, mode: u32, name: impl Display, program: &str) -> io::Result<Key> {
        if !is_private(mode) {
            let why = format!("{name} can be read by others than its owner; chmod 600 {name}");
            return Err(io::Error::new(ErrorKind::PermissionDenied, why));
        }
        let mut text = Vec::new();
        file.take(LONGEST_FILE).read_to_end(&mut text)?;
        Key::parse(&text).ok_or_else(|| {
            let why =
                format!("{name} holds no key; make one by {program} --new-key, or copy one there");
            io::Error::new(ErrorKind::InvalidData, why)
        })
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
    fn a_file_is_read_if_it_is_private_and_holds_a_key() {
        let text = Key(std::array::from_fn(|at| at as u8)).text();
        let read = |text: &str, mode| {
            Key::read(text.as_bytes(), mode, "/k", "p").map_err(|why| why.to_string())
        };
        assert_eq!(read(&text, 0o100_600).unwrap().text(), text);
        for mode in [0o640, 0o604, 0o620, 0o601] {
            assert!(read(&text, mode).unwrap_err().contains("chmod 600 /k"), "{mode:o}");
        }
        for wrong in ["", "secret", &text.repeat(2)] {
            assert!(read(wrong, 0o600).unwrap_err().contains("holds no key; make one by p"));
        }
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
