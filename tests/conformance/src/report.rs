//! Lines of the probes about files: what a call gave, or its error text in quotes, and calls on names that are not kept.
//!
//! Bytes that are not printable stand as `\xNN`; a line may begin with the label of the tree at work.

use crate::{Out, Why};
use core::ffi::CStr;
use core::fmt::{self, Display, Write};
use plan9_abi::dir::Dir;
use plan9_abi::flags::open;
use plan9_abi::sys::error::until_nul;
use plan9_abi::sys::{Failed, Result, file};

/// Bytes as a line shows them.
pub struct Shown<'a>(pub &'a [u8]);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&byte| match byte {
            b' '..=b'~' => f.write_char(char::from(byte)),
            _ => write!(f, "\\x{byte:02x}"),
        })
    }
}

impl Why {
    /// The text in quotes.
    pub fn quoted(&self) -> impl Display + '_ {
        fmt::from_fn(|f| write!(f, "'{}'", Shown(until_nul(self.bytes()))))
    }
}

/// Prints pieces of lines.
#[macro_export]
macro_rules! put {
    ($($arg:tt)*) => {{
        let _ = core::fmt::Write::write_fmt(&mut $crate::Out, format_args!($($arg)*));
    }};
}

/// What lines begin with.
#[derive(Clone, Copy)]
pub struct Label(pub &'static str);

impl Label {
    fn line(self, what: &str, result: Result<impl Display>) {
        let _ = match result {
            Ok(value) => writeln!(Out, "{}{what}: {value}", self.0),
            Err(Failed) => writeln!(Out, "{}{what}: {}", self.0, Why::take().quoted()),
        };
    }

    /// A call that gives a number, or fails.
    pub fn number<N: Display>(self, what: &str, result: Result<N>) {
        self.line(what, result);
    }

    /// A call that succeeds or fails.
    pub fn ok<T>(self, what: &str, result: Result<T>) {
        self.line(what, result.map(|_| "ok"));
    }

    /// Something found out.
    pub fn says(self, what: &str, value: impl Display) {
        self.line(what, Ok(value));
    }

    /// Yes or no.
    pub fn whether(self, what: &str, is: bool) {
        self.says(what, if is { "yes" } else { "no" });
    }
}

/// Opens and closes at once.
pub fn op(name: &CStr, mode: u32) -> Result<()> {
    file::open(name, mode).map(close)
}

/// Creates and closes at once.
pub fn mk(name: &CStr, mode: u32, permissions: u32) -> Result<()> {
    file::create(name, mode, permissions).map(close)
}

/// Closes what is open; a closed one does no harm.
pub fn close(fd: i32) {
    let _ = file::close(fd);
}

/// A new file with this text.
pub fn write_new(name: &CStr, text: &[u8]) {
    if let Ok(fd) = file::create(name, open::WRITE, 0o666) {
        let _ = file::write(fd, text);
        close(fd);
    }
}

/// wstat of a name, with the fields that `change` sets.
pub fn wstat(name: &CStr, change: impl FnOnce(&mut Dir<'static>)) -> Result<()> {
    let mut record = [0; 256];
    let mut dir = Dir::UNCHANGED;
    change(&mut dir);
    let size = dir.write(&mut record).unwrap_or(0);
    file::wstat(name, &record[..size])
}

/// Reads a directory to its end.
pub fn read_directory(fd: i32, buffer: &mut [u8]) -> Result<usize> {
    let mut total = 0;
    loop {
        match file::read(fd, &mut buffer[total..])? {
            0 => return Ok(total),
            n => total += n,
        }
    }
}

/// The records of a buffer.
pub fn records(mut rest: &[u8]) -> impl Iterator<Item = Dir<'_>> {
    core::iter::from_fn(move || {
        let (dir, behind) = Dir::parse(rest)?;
        rest = behind;
        Some(dir)
    })
}

/// The largest message of a descriptor, the sixth word of its line in `/fd` (man 2/iounit).
pub fn iounit(fd: i32) -> u32 {
    let name = crate::Text::new(format_args!("#d/{fd}ctl"));
    let Ok(ctl) = file::open(name.as_c_str(), open::READ) else { return 0 };
    let mut line = [0; 128];
    let n = file::read(ctl, &mut line).unwrap_or(0);
    close(ctl);
    let behind_qid = line[..n].split(|&byte| byte == b')').nth(1).unwrap_or_default();
    let mut words = behind_qid.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
    let digits = words.next().unwrap_or_default();
    digits.iter().fold(0, |sum, &digit| sum * 10 + u32::from(digit - b'0'))
}
