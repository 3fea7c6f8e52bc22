//! TCP conversations, alone and in pairs, and what is done to them within a bounded time.

use crate::conversation::{self, Conversation, bounded, several};
use crate::text::Long;
use crate::{Why, long, say};
use core::fmt::{Display, Write};
use plan9_abi::sys::{file, process};

/// How long a message to `ctl` may take, how long a read or a write may block, and how long what it causes at the other
/// end may take, in milliseconds.
const MESSAGE_MS: u32 = 1000;
const PATIENCE_MS: u32 = 150;
const SETTLE_MS: u32 = 150;

/// A fresh conversation.
pub fn tcp() -> Conversation {
    Conversation::new("tcp")
}

/// A conversation that has been announced.
pub struct Listener {
    pub own: Conversation,
    port: u32,
}

impl Listener {
    /// On 127.0.0.1.
    pub fn new(port: u32) -> Listener {
        Listener::on("127.0.0.1", port)
    }

    pub fn on(host: &str, port: u32) -> Listener {
        let own = tcp();
        require("announce", own.tell(long!("announce {host}!{port}").as_str()));
        Listener { own, port }
    }

    /// The caller's end and the one that took the call.
    pub fn pair(&self) -> (Conversation, Conversation) {
        let caller = tcp();
        require("connect", caller.tell(long!("connect 127.0.0.1!{}", self.port).as_str()));
        let taker = self.own.accept();
        if taker.ctl < 0 {
            require("listen", long!("'{}'", Why::take()));
        }
        (caller, taker)
    }
}

/// Ends the program if a step that has to work did not.
fn require(what: &str, came: Long) {
    if came.as_str() != "ok" {
        say!("{what}: {came}");
        process::exits(Some(c"no pair"));
    }
}

/// A message to `ctl`, given up after a second.
pub fn tell(to: &Conversation, message: &str) -> Long {
    match bounded(MESSAGE_MS, || file::write(to.ctl, message.as_bytes())) {
        text if text.as_str().starts_with('\'') => text,
        _ => long!("ok"),
    }
}

/// A conversation that `bind` moves to another port of ours while it is in use: what its peer sends finds nobody any more.
///
/// The kernel finds conversations by a hash of both ends, and takes one out at its end by the hash of the port that it has
/// then. One that is not moved back would stay in the table, and close a chain of it to a ring one day.
pub struct Moved<'a> {
    of: &'a Conversation,
    from: Long,
}

impl Moved<'_> {
    /// What came of the message, and the conversation.
    pub fn to<'a>(of: &'a Conversation, message: &str) -> (Long, Moved<'a>) {
        let from = of.whole("local");
        (tell(of, message), Moved { of, from })
    }

    /// Moves it back and ends it, so that the kernel finds it.
    pub fn back(self) {
        tell(self.of, long!("bind {}", self.from).as_str());
        tell(self.of, "hangup");
    }
}

/// Lines with a label.
pub struct Lines(Long);

impl Lines {
    pub fn new(label: impl Display) -> Lines {
        Lines(long!("{label}"))
    }

    pub fn say(&self, what: &str, result: impl Display) {
        conversation::line(self.0.as_str(), what, result);
    }
}

/// Reads of up to `n` bytes; `'interrupted'` is one that blocked.
pub fn reads(fd: i32, n: usize, times: usize) -> Long {
    let mut buffer = [0; 16];
    several(PATIENCE_MS, times, || file::read(fd, &mut buffer[..n]))
}

/// Writes, each followed by the time in which the peer answers.
pub fn writes(fd: i32, n: usize, times: usize) -> Long {
    let mut text = Long::empty();
    for time in 0..times {
        let comma = if time > 0 { ", " } else { "" };
        let written = bounded(PATIENCE_MS, || file::write(fd, &[0; 16][..n]));
        let _ = write!(text, "{comma}{written}");
        settle();
    }
    text
}

/// Gives what was done time to reach the other end.
pub fn settle() {
    let _ = process::sleep(SETTLE_MS);
}
