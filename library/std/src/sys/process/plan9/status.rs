//! How a process ended: a text, empty for success. Programs of std and of C libraries with numbers
//! give a number.

use plan9_abi::layout::ERRMAX;
use plan9_abi::note;

use crate::fmt;
use crate::num::NonZero;

#[derive(PartialEq, Eq, Clone, Copy)]
pub struct ExitStatus {
    text: [u8; ERRMAX],
    len: usize,
}

impl Default for ExitStatus {
    fn default() -> ExitStatus {
        ExitStatus { text: [0; ERRMAX], len: 0 }
    }
}

impl ExitStatus {
    /// What `exits` was given.
    pub fn from_text(text: &[u8]) -> ExitStatus {
        let mut status = ExitStatus::default();
        status.len = text.len().min(ERRMAX);
        status.text[..status.len].copy_from_slice(&text[..status.len]);
        status
    }

    /// From a wait record, `PID utime stime rtime 'NAME PID: text'` (man 2/await); the last word is
    /// quoted as rc does.
    pub fn from_record(record: &[u8]) -> ExitStatus {
        let mut words = record.splitn(5, |&byte| byte == b' ');
        let pid = words.next().unwrap_or_default();
        let word = words.nth(3).unwrap_or_default();
        let mut message = Vec::with_capacity(word.len());
        let mut bytes = match word {
            [b'\'', inner @ .., b'\''] => inner,
            plain => plain,
        };
        while let [byte, rest @ ..] = bytes {
            message.push(*byte);
            bytes = if *byte == b'\'' { rest.strip_prefix(b"'").unwrap_or(rest) } else { rest };
        }
        let mark = [b" ", pid, b": "].concat();
        let at = message.windows(mark.len()).position(|part| part == mark);
        ExitStatus::from_text(at.map_or(&message[..], |at| &message[at + mark.len()..]))
    }

    pub fn text(&self) -> &[u8] {
        &self.text[..self.len]
    }

    pub fn exit_ok(&self) -> Result<(), ExitStatusError> {
        if self.len == 0 || self.code() == Some(0) { Ok(()) } else { Err(ExitStatusError(*self)) }
    }

    /// A number is itself, no text is 0, any other text is 1; `None` for what was ended, by a trap
    /// or `kill`.
    pub fn code(&self) -> Option<i32> {
        match self.text() {
            b"" => Some(0),
            text if is_trap(text) || text == b"Killed" || text == note::KILL => None,
            // It adds why (`port/proc.c:procctl`).
            text if text.starts_with(b"Killed: ") => None,
            text => Some(str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(1)),
        }
    }
}

/// Whether a process ended by a trap, of its main proc or of the one that is named (`pal::broken`).
fn is_trap(text: &[u8]) -> bool {
    let behind = text.strip_prefix(b"proc ").map(|rest| {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        &rest[digits..]
    });
    text.starts_with(b"sys: ") || behind.is_some_and(|rest| rest.starts_with(b": sys: "))
}

impl fmt::Debug for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExitStatus").field(&crate::bstr::ByteStr::new(self.text())).finish()
    }
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            b"" => f.write_str("exit status: 0"),
            text => write!(f, "exit status: {}", String::from_utf8_lossy(text)),
        }
    }
}

#[derive(PartialEq, Eq, Clone, Copy, Debug)]
pub struct ExitStatusError(ExitStatus);

impl Into<ExitStatus> for ExitStatusError {
    fn into(self) -> ExitStatus {
        self.0
    }
}

impl ExitStatusError {
    pub fn code(self) -> Option<NonZero<i32>> {
        self.0.code().and_then(NonZero::new)
    }
}

#[derive(PartialEq, Eq, Clone, Copy, Debug)]
pub struct ExitCode(u8);

impl ExitCode {
    pub const SUCCESS: ExitCode = ExitCode(0);
    pub const FAILURE: ExitCode = ExitCode(1);

    pub fn as_i32(&self) -> i32 {
        self.0.into()
    }
}

impl From<u8> for ExitCode {
    fn from(code: u8) -> Self {
        Self(code)
    }
}
