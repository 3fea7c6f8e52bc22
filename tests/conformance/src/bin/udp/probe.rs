//! The label of the lines, room for long datagrams, and conversations in pairs.

pub use conformance::conversation::Conversation;
use conformance::conversation::{line, several};
use conformance::long;
use conformance::text::Long;
use core::fmt::Display;
use plan9_abi::sys::{file, process};

/// How long a call may block, and how long a datagram may be under way, in milliseconds.
const PATIENCE_MS: u32 = 200;
const WAY_MS: u32 = 25;

/// A fresh conversation.
pub fn udp() -> Conversation {
    Conversation::new("udp")
}

/// What every part needs.
pub struct Probe {
    label: Long,
    pub out: [u8; 70_000],
    pub seen: [u8; 70_000],
    port: u32,
}

impl Probe {
    pub fn new() -> Probe {
        Probe { label: Long::empty(), out: [0; 70_000], seen: [0; 70_000], port: 5100 }
    }

    pub fn label(&mut self, text: impl Display) {
        self.label = long!("{text}");
    }

    /// Prints a line.
    pub fn say(&self, what: impl Display, result: impl Display) {
        line(self.label.as_str(), long!("{what}").as_str(), result);
    }

    /// Reads, each ended by an alarm if it blocks.
    pub fn reads(&mut self, fd: i32, n: usize, times: usize) -> Long {
        let seen = &mut self.seen[..n];
        several(PATIENCE_MS, times, || file::read(fd, seen))
    }

    /// Writes of the first bytes of `out`, each followed by the time a datagram takes.
    pub fn writes(&mut self, fd: i32, n: usize, times: usize) -> Long {
        let out = &self.out[..n];
        several(PATIENCE_MS, times, || {
            let written = file::write(fd, out);
            let _ = process::sleep(WAY_MS);
            written
        })
    }

    /// Two conversations connected with each other.
    pub fn pair(&mut self) -> (Conversation, Conversation) {
        self.port += 2;
        let (a, b) = (udp(), udp());
        for (end, here, there) in [(&a, 1, 0), (&b, 0, 1)] {
            let (here, there) = (self.port + here, self.port + there);
            end.tell(long!("connect 127.0.0.1!{there} 127.0.0.1!{here}").as_str());
        }
        (a, b)
    }
}
