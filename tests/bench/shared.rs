//! What the programs of `x bench` have in common: their arguments, their samples, and ending with one sentence.
//!
//! A sample is a line, `LABEL NANOSECONDS`. Lines of one label in a row are a block. Nothing is printed while something
//! is measured.

#![allow(dead_code)]

use std::fmt::{Display, Write};
use std::net::{TcpListener, TcpStream};
use std::process::exit;
use std::str::FromStr;
use std::time::Duration;

/// Longer than any program here runs.
pub const FAR_AWAY: Duration = Duration::from_secs(500);

/// Ends the program with a sentence.
pub fn failed(why: impl Display) -> ! {
    eprintln!("{why}");
    exit(1)
}

/// A result, or the end of the program.
pub trait OrFail<T> {
    fn or_fail(self, what: &str) -> T;
}

impl<T, E: Display> OrFail<T> for Result<T, E> {
    fn or_fail(self, what: &str) -> T {
        self.unwrap_or_else(|why| failed(format_args!("{what}: {why}")))
    }
}

/// The argument at a place, as a number.
pub fn number<T: FromStr>(place: usize) -> T {
    let text = std::env::args().nth(place).and_then(|text| text.parse().ok());
    text.unwrap_or_else(|| failed(format_args!("argument {place} is no number")))
}

/// The arguments from a place on.
pub fn words(place: usize) -> Vec<String> {
    std::env::args().skip(place).collect()
}

/// Two ends of a conversation.
pub fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").or_fail("bind");
    let near = TcpStream::connect(listener.local_addr().or_fail("local_addr")).or_fail("connect");
    let (far, _) = listener.accept().or_fail("accept");
    (near, far)
}

/// Both timeouts of an end.
pub fn set_timeouts(stream: &TcpStream) {
    stream.set_read_timeout(Some(FAR_AWAY)).or_fail("set_read_timeout");
    stream.set_write_timeout(Some(FAR_AWAY)).or_fail("set_write_timeout");
}

/// Lines of samples, kept until a block is over.
#[derive(Default)]
pub struct Samples(String);

impl Samples {
    pub fn with_room(samples: usize) -> Self {
        Self(String::with_capacity(samples * 24))
    }

    pub fn add(&mut self, label: &str, nanoseconds: i64) {
        let _ = writeln!(self.0, "{label} {nanoseconds}");
    }

    pub fn print(&mut self) {
        print!("{}", self.0);
        self.0.clear();
    }
}
