//! The pc/line table of a Plan 9 executable (man 6/a.out), as steps over its bytes.
//!
//! `plan9-ld` writes the table, and std reads it in a running program. It is a program of bytes for
//! two counters, the pc and the line. Each byte moves one of them, and then the pc goes on by one
//! quantum (`libmach/sym.c:pc2line`):
//!
//! | byte | what it does |
//! |---|---|
//! | 0 | the next four bytes, big-endian and signed, are added to the line |
//! | 1 to 64 | so much is added to the line |
//! | 65 to 128 | so much less 64 is taken from the line |
//! | 129 to 255 | so many quanta less 129 are added to the pc |
//!
//! A line here is one of the program's own numbering, which [`history`](crate::history) takes apart
//! into files. 0 is no line.

/// By what the pc moves at each step: the smallest instruction of amd64, in bytes.
pub const QUANTUM: u64 = 1;
/// The longest way up and down that one byte takes.
pub const SHORT: i32 = 64;
/// The most quanta that one byte takes the pc forward.
pub const FORWARD: u64 = 127;
/// What is added to a number of quanta to make their byte.
pub const FORWARD_BIT: u8 = 128;

/// The counters on their way through a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines {
    /// Up to and with this address...
    pub pc: u64,
    /// ...it is this line.
    pub line: i32,
}

impl Lines {
    /// Before the first step, for a text that starts there in memory.
    pub const fn new(text_start: u64) -> Self {
        Self { pc: text_start - QUANTUM, line: 0 }
    }

    /// Takes one step; the number of bytes that it was, `None` if it is not all there.
    pub fn step(&mut self, bytes: &[u8]) -> Option<usize> {
        let (&byte, rest) = bytes.split_first()?;
        let mut used = 1;
        match byte {
            0 => {
                let delta = rest.first_chunk()?;
                self.line = self.line.wrapping_add(i32::from_be_bytes(*delta));
                used += delta.len();
            }
            1..=64 => self.line = self.line.wrapping_add(byte.into()),
            65..=128 => self.line = self.line.wrapping_sub(i32::from(byte) - SHORT),
            129..=255 => self.pc += QUANTUM * (u64::from(byte - FORWARD_BIT) - 1),
        }
        self.pc += QUANTUM;
        Some(used)
    }
}

/// The line of an address by a whole table; `None` if it says none.
pub fn line_at(table: &[u8], text_start: u64, pc: u64) -> Option<i32> {
    let mut lines = Lines::new(text_start);
    let mut rest = table;
    while lines.pc < pc {
        rest = &rest[lines.step(rest)?..];
    }
    Some(lines.line).filter(|&line| line > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_step_does_what_the_manual_says() {
        // Line 5 at 0x28, three bytes on line 4, ten bytes on 1004, then none.
        let table = [5, 129 + 2, 65, 129 + 8, 0, 0, 0, 0x03, 0xE8, 129, 0, 0xFF, 0xFF, 0xFC, 0x14];
        let at = |pc| line_at(&table, 0x28, pc);
        assert_eq!(
            [0x28, 0x2B, 0x2C, 0x35, 0x36, 0x37].map(at),
            [5, 5, 4, 4, 1004, 1004].map(Some)
        );
        assert_eq!((at(0x38), at(0x1000)), (None, None));
    }

    #[test]
    fn a_table_that_ends_within_a_step_says_nothing_more() {
        let mut lines = Lines::new(1);
        assert_eq!(lines.step(&[]), None);
        assert_eq!(lines.step(&[0, 0, 0, 1]), None);
        assert_eq!(lines, Lines::new(1));
    }
}
