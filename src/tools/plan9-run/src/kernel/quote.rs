//! rc's quoting, as the kernel's `%q` prints it (man 2/quote).

/// The text as one word of rc.
pub fn quoted(text: &[u8]) -> Vec<u8> {
    if !text.is_empty() && text.iter().all(|&b| b > b' ' && b != b'\'') {
        return text.to_vec();
    }
    let mut word = vec![b'\''];
    for &byte in text {
        if byte == b'\'' {
            word.push(b'\'');
        }
        word.push(byte);
    }
    word.push(b'\'');
    word
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_are_quoted_as_proc_args_shows_them() {
        for (text, word) in
            [("zero", "zero"), ("t w o", "'t w o'"), ("", "''"), ("it's", "'it''s'")]
        {
            assert_eq!(quoted(text.as_bytes()), word.as_bytes());
        }
    }
}
