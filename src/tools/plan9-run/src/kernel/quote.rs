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

/// The words of a line, quotes taken off (`libc/port/tokenize.c`).
pub fn words(line: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut bytes = line.iter().copied().peekable();
    loop {
        while bytes.next_if(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).is_some() {}
        if bytes.peek().is_none() {
            return words;
        }
        let (mut word, mut quoted) = (Vec::new(), false);
        while let Some(byte) = bytes.next_if(|b| quoted || !b" \t\r\n".contains(b)) {
            if byte != b'\'' {
                word.push(byte);
            } else if quoted && bytes.next_if_eq(&b'\'').is_some() {
                word.push(b'\'');
            } else {
                quoted = !quoted;
            }
        }
        words.push(word);
    }
}

#[cfg(test)]
mod tests {
    use super::{quoted, words};

    #[test]
    fn a_line_is_taken_apart_as_rc_quotes() {
        let found = words(b"  /bin/x 'a b' it''s 'it''s' ''\t-e'f g'h ");
        let expected: [&[u8]; 6] = [b"/bin/x", b"a b", b"its", b"it's", b"", b"-ef gh"];
        assert_eq!(found, expected);
        assert!(words(b" \t").is_empty());
    }

    #[test]
    fn words_are_quoted_as_proc_args_shows_them() {
        for (text, word) in
            [("zero", "zero"), ("t w o", "'t w o'"), ("", "''"), ("it's", "'it''s'")]
        {
            assert_eq!(quoted(text.as_bytes()), word.as_bytes());
        }
    }
}
