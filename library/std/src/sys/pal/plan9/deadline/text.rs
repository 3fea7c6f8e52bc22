//! The text of a deadline's note.
//!
//! It names the operation, so that the handler can tell a note of this operation from one of an
//! earlier, or from anybody's who writes the same words: the number stands in sixteen letters,
//! which assembly reads without a table.

/// The first eight bytes, by which the handler knows the note.
pub const PREFIX: [u8; 8] = *b"rust dl ";
/// The letter that stands for 0; the next fifteen follow.
pub const ZERO: u8 = b'a';
/// The length of the text.
pub const LEN: usize = 24;

/// The note of the operation with this number.
pub fn note(number: u64) -> [u8; LEN] {
    let mut text = [0; LEN];
    text[..8].copy_from_slice(&PREFIX);
    for (place, letter) in text[8..].iter_mut().enumerate() {
        *letter = ZERO + (number >> (60 - 4 * place) & 15) as u8;
    }
    text
}
