//! One end, what its files say, and printing.

use conformance::{Text, Why, say};
use core::fmt::Write;
use plan9_abi::dir::Dir;
use plan9_abi::flags::open;
use plan9_abi::sys::{Result, file, process};

/// How long a call may block, and how long a datagram may be under way, in milliseconds.
const PATIENCE_MS: u32 = 200;
const WAY_MS: u32 = 25;
/// Ports from here are the kernel's choice.
const FIRST_FREE_PORT: u32 = 32_768;

pub fn shown(text: &Text) -> &str {
    text.as_c_str().to_str().unwrap_or("?")
}

/// What every part needs: the label of its lines, and room for long datagrams.
pub struct Probe {
    label: Text,
    pub out: [u8; 70_000],
    pub seen: [u8; 70_000],
    port: u32,
}

impl Probe {
    pub fn new() -> Probe {
        Probe {
            label: Text::new(format_args!("")),
            out: [0; 70_000],
            seen: [0; 70_000],
            port: 5100,
        }
    }

    pub fn label(&mut self, text: &str) {
        self.label = Text::new(format_args!("{text}"));
    }

    /// Prints a line, the number of a conversation as N.
    pub fn say(&self, what: &str, result: Text) {
        const FOLDER: &str = "'/net/udp/";
        let result = shown(&result);
        let masked = match result.find(FOLDER) {
            Some(at) => {
                let (before, after) = result.split_at(at + FOLDER.len());
                let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
                let number = if rest.len() < after.len() { "N" } else { "" };
                Text::new(format_args!("{before}{number}{rest}"))
            }
            None => Text::new(format_args!("{result}")),
        };
        say!("{}: {what}: {}", shown(&self.label), shown(&masked));
    }

    /// Reads, each ended by an alarm if it blocks.
    pub fn reads(&mut self, fd: i32, n: usize, times: usize) -> Text {
        let mut text = Text::new(format_args!(""));
        for time in 0..times {
            let seen = &mut self.seen[..n];
            bounded(&mut text, time, || file::read(fd, seen));
        }
        text
    }

    /// Writes of the first bytes of `out`, each followed by the time a datagram takes.
    pub fn writes(&mut self, fd: i32, n: usize, times: usize) -> Text {
        let mut text = Text::new(format_args!(""));
        for time in 0..times {
            let out = &self.out[..n];
            bounded(&mut text, time, || file::write(fd, out));
            let _ = process::sleep(WAY_MS);
        }
        text
    }

    /// Two conversations connected with each other.
    pub fn pair(&mut self) -> (Conversation, Conversation) {
        self.port += 2;
        let (a, b) = (Conversation::new(), Conversation::new());
        for (end, here, there) in [(&a, 1, 0), (&b, 0, 1)] {
            let (here, there) = (self.port + here, self.port + there);
            end.tell(shown(&Text::new(format_args!("connect 127.0.0.1!{there} 127.0.0.1!{here}"))));
        }
        (a, b)
    }
}

fn bounded(text: &mut Text, time: usize, call: impl FnOnce() -> Result<usize>) {
    let _ = process::alarm(PATIENCE_MS);
    let result = call();
    let why = result.is_err().then(Why::take);
    let _ = process::alarm(0);
    let comma = if time > 0 { ", " } else { "" };
    let _ = match (result, why) {
        (Err(_), Some(why)) => write!(text, "{comma}'{why}'"),
        (result, _) => write!(text, "{comma}{}", result.unwrap_or(0)),
    };
}

/// One conversation, its `ctl` and `data` open.
#[derive(Clone, Copy)]
pub struct Conversation {
    pub ctl: i32,
    pub data: i32,
    number: u32,
}

impl Conversation {
    pub fn new() -> Conversation {
        Conversation::of(file::open(c"/net/udp/clone", open::RDWR).unwrap_or(-1))
    }

    pub fn of(ctl: i32) -> Conversation {
        let mut digits = [0; 16];
        let n = file::read(ctl, &mut digits).unwrap_or(0);
        let digits = digits[..n].iter().filter(|byte| byte.is_ascii_digit());
        let number = digits.fold(0, |n, byte| 10 * n + u32::from(byte - b'0'));
        let mut this = Conversation { ctl, data: -1, number };
        this.data = file::open(this.name("data").as_c_str(), open::RDWR).unwrap_or(-1);
        this
    }

    pub fn name(&self, file: &str) -> Text {
        Text::new(format_args!("/net/udp/{}/{file}", self.number))
    }

    pub fn drop(&self) {
        let _ = file::close(self.data);
        let _ = file::close(self.ctl);
    }

    /// A message to `ctl`, and whether it was taken.
    pub fn tell(&self, message: &str) -> Text {
        match file::write(self.ctl, message.as_bytes()) {
            Ok(_) => Text::new(format_args!("ok")),
            Err(_) => Text::new(format_args!("'{}'", Why::take())),
        }
    }

    /// What a file says.
    pub fn text(&self, name: &str) -> Text {
        let mut buffer = [0; 512];
        let fd = file::open(self.name(name).as_c_str(), open::READ).unwrap_or(-1);
        let n = file::read(fd, &mut buffer).unwrap_or(0);
        let _ = file::close(fd);
        let text = core::str::from_utf8(&buffer[..n]).unwrap_or("?");
        let line = text.split('\n').next().unwrap_or("");
        match line.split_once('!') {
            Some((host, port)) if port.parse().is_ok_and(|port: u32| port >= FIRST_FREE_PORT) => {
                Text::new(format_args!("{host}!N"))
            }
            _ => Text::new(format_args!("{line}")),
        }
    }

    pub fn files(&self) -> Text {
        let [status, local, remote] = ["status", "local", "remote"].map(|name| self.text(name));
        Text::new(format_args!("{}; {}; {}", shown(&status), shown(&local), shown(&remote)))
    }

    /// The length of `data`.
    pub fn length(&self) -> u64 {
        let mut record = [0; 512];
        let read = file::fstat(self.data, &mut record).ok();
        read.and_then(|_| Dir::parse(&record)).map_or(0, |(dir, _)| dir.length)
    }
}
