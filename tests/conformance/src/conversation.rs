//! A conversation of `/net` (man 3/ip), what its files say, and lines about it, for the programs about TCP and UDP.
//!
//! A port that the kernel chose, a conversation's number and a proc's id are printed as N: they are not the same in every
//! run.

use crate::text::Long;
use crate::{Why, long, say};
use core::fmt::{Display, Write};
use plan9_abi::dir::Dir;
use plan9_abi::flags::open;
use plan9_abi::sys::{Result, file, process};

/// Ports from here are the kernel's choice.
const FIRST_FREE_PORT: u32 = 32_768;

/// What begins the name of a file whose next element is a number.
const NUMBERED: [&str; 3] = ["'/net/tcp/", "'/net/udp/", "'/proc/"];

/// One conversation, its `ctl` and `data` open, -1 where one is not.
#[derive(Clone, Copy)]
pub struct Conversation {
    pub ctl: i32,
    pub data: i32,
    protocol: &'static str,
    number: u32,
}

impl Conversation {
    /// A fresh one.
    pub fn new(protocol: &'static str) -> Conversation {
        let clone = long!("/net/{protocol}/clone");
        Conversation::of(protocol, file::open(clone.as_c_str(), open::RDWR))
    }

    /// The one that an opened `ctl` is of; `data` is opened too.
    pub fn of(protocol: &'static str, ctl: Result<i32>) -> Conversation {
        let ctl = ctl.unwrap_or(-1);
        let mut digits = [0; 16];
        let n = file::read(ctl, &mut digits).unwrap_or(0);
        let number = crate::text::number(&digits[..n]) as u32;
        let mut this = Conversation { ctl, data: -1, protocol, number };
        if n > 0 {
            this.data = this.open("data", open::RDWR).unwrap_or(-1);
        }
        this
    }

    /// The next call to an announced one.
    pub fn accept(&self) -> Conversation {
        Conversation::of(self.protocol, self.open("listen", open::RDWR))
    }

    /// It once more, by its number.
    pub fn reopened(&self) -> Conversation {
        Conversation::of(self.protocol, self.open("ctl", open::RDWR))
    }

    pub fn name(&self, file: &str) -> Long {
        long!("/net/{}/{}/{file}", self.protocol, self.number)
    }

    pub fn folder(&self) -> Long {
        long!("/net/{}/{}", self.protocol, self.number)
    }

    pub fn open(&self, file: &str, mode: u32) -> Result<i32> {
        file::open(self.name(file).as_c_str(), mode)
    }

    /// Closes both files.
    pub fn drop(&self) {
        let _ = file::close(self.data);
        let _ = file::close(self.ctl);
    }

    /// A message to `ctl`, and whether it was taken.
    pub fn tell(&self, message: &str) -> Long {
        ok(file::write(self.ctl, message.as_bytes()))
    }

    /// All that a file says.
    pub fn whole(&self, name: &str) -> Long {
        let mut buffer = [0; 512];
        let fd = self.open(name, open::READ).unwrap_or(-1);
        let n = file::read(fd, &mut buffer).unwrap_or(0);
        let _ = file::close(fd);
        let mut text = Long::empty();
        text.push(&buffer[..n]);
        text
    }

    /// What a file says, `status` as far as its queues.
    pub fn text(&self, name: &str) -> Long {
        let whole = self.whole(name);
        let line = whole.as_str().split('\n').next().unwrap_or("");
        let line = line.split(" rq ").next().unwrap_or("");
        match line.split_once('!') {
            Some((host, port)) if port.parse().is_ok_and(|port: u32| port >= FIRST_FREE_PORT) => {
                long!("{host}!N")
            }
            _ => long!("{line}"),
        }
    }

    /// `status`, `local` and `remote`.
    pub fn files(&self) -> Long {
        let [status, local, remote] = ["status", "local", "remote"].map(|name| self.text(name));
        long!("{status}; {local}; {remote}")
    }

    /// The first word of `status`.
    pub fn state(&self) -> Long {
        long!("{}", self.whole("status").as_str().split(' ').next().unwrap_or(""))
    }

    /// The number behind a word of `status`, -1 where there is none.
    pub fn level(&self, key: &str) -> i64 {
        let status = self.whole("status");
        let mut words = status.as_str().split_ascii_whitespace();
        let found = words.find(|&word| word == key).and_then(|_| words.next());
        found.and_then(|word| word.parse().ok()).unwrap_or(-1)
    }

    /// The length of `data`.
    pub fn length(&self) -> u64 {
        let mut record = [0; 512];
        let read = file::fstat(self.data, &mut record).ok();
        read.and_then(|_| Dir::parse(&record)).map_or(0, |(dir, _)| dir.length)
    }
}

/// What a call gave, or why it failed.
pub fn gave(result: Result<impl Display>) -> Long {
    match result {
        Ok(value) => long!("{value}"),
        Err(_) => long!("'{}'", Why::take()),
    }
}

/// Whether a call succeeded, or why not.
pub fn ok<T>(result: Result<T>) -> Long {
    gave(result.map(|_| "ok"))
}

/// A call that may block, for so many milliseconds at most: what it gave, and its error text as [`gave`] shows it.
pub fn bounded(ms: u32, call: impl FnOnce() -> Result<usize>) -> Long {
    let _ = process::alarm(ms);
    let text = gave(call());
    let _ = process::alarm(0);
    text
}

/// Calls, each bounded, with a comma between what they gave.
pub fn several(ms: u32, times: usize, mut call: impl FnMut() -> Result<usize>) -> Long {
    let mut text = Long::empty();
    for time in 0..times {
        let comma = if time > 0 { ", " } else { "" };
        let _ = write!(text, "{comma}{}", bounded(ms, &mut call));
    }
    text
}

/// A line with a label in front, and numbers that vary as N.
pub fn line(label: &str, what: &str, result: impl Display) {
    say!("{label}: {what}: {}", masked(long!("{result}").as_str()));
}

/// The text with the numbers in names of files as N.
pub fn masked(text: &str) -> Long {
    let mut out = Long::empty();
    let mut rest = text;
    while let Some(end) = first_numbered(rest) {
        let (before, after) = rest.split_at(end);
        let behind = after.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = if behind.len() < after.len() { "N" } else { "" };
        let _ = write!(out, "{before}{number}");
        rest = behind;
    }
    let _ = write!(out, "{rest}");
    out
}

/// Where the first name of [`NUMBERED`] ends.
fn first_numbered(text: &str) -> Option<usize> {
    NUMBERED.iter().filter_map(|name| Some(text.find(name)? + name.len())).min()
}
