//! Names that are not UTF-8, as text.
//!
//! Plan 9's names are bytes, UTF-8 by custom only, and the devices here take them as `str`. A byte that belongs to no
//! character stands in such a text as one of 128 private characters, so that every name survives the way in and out
//! unchanged. Those private characters themselves, should a program use them, are spelled byte by byte the same way.

use std::borrow::Cow;

/// The first of the 256 places of which the upper half stands for bytes.
const BASE: u32 = 0xEF00;

/// The byte that a character stands for.
fn byte_of(c: char) -> Option<u8> {
    (0xEF80..=0xEFFF).contains(&(c as u32)).then_some(c as u8)
}

/// A name as a program or the host wrote it, as text.
pub fn text(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match byte_of(c) {
                None => text.push(c),
                Some(_) => push_bytes(&mut text, c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        push_bytes(&mut text, chunk.invalid());
    }
    text
}

fn push_bytes(text: &mut String, bytes: &[u8]) {
    text.extend(bytes.iter().filter_map(|&byte| char::from_u32(BASE + u32::from(byte))));
}

/// The name's own bytes.
pub fn bytes(text: &str) -> Cow<'_, [u8]> {
    if !text.chars().any(|c| byte_of(c).is_some()) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::new();
    for c in text.chars() {
        match byte_of(c) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(bytes)
}

/// The name as an error shows it: what is no character becomes U+FFFD, and at the end nothing (`port/chan.c:namelenerror`).
pub fn shown(text: &str) -> String {
    let kept = text.trim_end_matches(|c| byte_of(c).is_some());
    String::from_utf8_lossy(&bytes(kept)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_out_as_it_went_in() {
        for name in [
            &b"plain"[..],
            "\u{fc}ber".as_bytes(),
            b"\xff\xfe",
            b"a\x80b",
            "\u{ef80}\u{efff}".as_bytes(),
        ] {
            assert_eq!(bytes(&text(name)), name);
        }
        let all: Vec<u8> = (1..=255).collect();
        assert_eq!(bytes(&text(&all)), all);
    }

    #[test]
    fn errors_show_characters_only() {
        assert_eq!(shown(&text(b"/\xff\x80")), "/");
        assert_eq!(shown(&text(b"/\xffabcdef")), "/\u{fffd}abcdef");
    }
}
