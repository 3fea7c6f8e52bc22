//! A conversation by its files, for what std does not show.

use crate::HOST;
use plan9_abi::flags::open;
use plan9_abi::sys::{Failed, file};
use std::ffi::CString;

/// Open `ctl` and `data`.
pub struct Conversation {
    number: u64,
    ctl: i32,
    pub data: i32,
}

fn opened(name: &str) -> i32 {
    file::open(&CString::new(name).unwrap(), open::RDWR).unwrap_or_else(|_| panic!("{name}"))
}

/// Each fails by a panic, but for what a test expects to fail.
impl Conversation {
    /// A fresh one.
    pub fn new() -> Conversation {
        let ctl = opened("/net/tcp/clone");
        let mut digits = [0; 16];
        let n = file::pread(ctl, &mut digits, 0).unwrap();
        let number = str::from_utf8(&digits[..n]).unwrap().trim().parse().unwrap();
        Conversation { number, ctl, data: opened(&format!("/net/tcp/{number}/data")) }
    }

    /// Calls a port of the host.
    pub fn connect(&self, port: u64) -> Result<(), Failed> {
        self.tell(format!("connect {HOST}!{port}").as_bytes())
    }

    /// A fresh one that has called.
    pub fn call(port: u64) -> Result<Conversation, Failed> {
        let conversation = Conversation::new();
        conversation.connect(port).map(|()| conversation)
    }

    /// What one of its files says.
    pub fn file(&self, name: &str) -> String {
        let name = CString::new(format!("/net/tcp/{}/{name}", self.number)).unwrap();
        let fd = file::open(&name, open::READ).unwrap();
        let mut bytes = [0; 512];
        let n = file::read(fd, &mut bytes).unwrap();
        file::close(fd).unwrap();
        str::from_utf8(&bytes[..n]).unwrap().trim().to_string()
    }

    /// The word behind a key of `status`.
    pub fn status(&self, key: &str) -> String {
        let line = self.file("status");
        let mut words = line.split(' ').skip_while(|&word| word != key);
        words.nth(1).unwrap_or_else(|| panic!("no {key} in {line}")).to_string()
    }

    /// The first word of `status`.
    pub fn state(&self) -> String {
        self.file("status").split(' ').next().unwrap_or("").to_string()
    }

    /// Writes a message to `ctl`.
    pub fn tell(&self, message: &[u8]) -> Result<(), Failed> {
        file::write(self.ctl, message).map(drop)
    }

    /// Reads at most 16 bytes.
    pub fn read(&self) -> Option<usize> {
        file::read(self.data, &mut [0; 16]).ok()
    }

    /// Closes both files.
    pub fn close(self) {
        file::close(self.data).unwrap();
        file::close(self.ctl).unwrap();
    }
}
