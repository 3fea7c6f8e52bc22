//! errstr(2) swaps; 127 bytes, and no cut inside a character.

use super::{close, open, werrstr};
use conformance::family::spawn;
use conformance::text::Long;
use conformance::{raw, say};
use core::ffi::CStr;
use plan9_abi::flags::open::READ;
use plan9_abi::flags::rfork::MEM;
use plan9_abi::sys::process;
use plan9_abi::sysno;

struct Buffer([u8; 512]);

impl Buffer {
    /// Swaps a text with the error string, through `n` bytes.
    fn swap(&mut self, text: &[u8], n: usize) {
        self.0[..text.len()].copy_from_slice(text);
        self.0[text.len()] = 0;
        self.again(n);
    }

    fn again(&mut self, n: usize) {
        raw(sysno::ERRSTR, [self.0.as_mut_ptr() as usize, n, 0, 0, 0]);
    }

    fn text(&self) -> Long {
        let mut text = Long::empty();
        text.push(CStr::from_bytes_until_nul(&self.0).map_or(b"no NUL", CStr::to_bytes));
        text
    }
}

pub fn run() {
    say!("-- errstr");
    let mut s = Buffer([0; 512]);
    s.swap(b"first", 512);
    s.swap(b"second", 512);
    say!("swap gives back: '{}'", s.text());
    s.swap(b"", 512);
    say!("swap again: '{}'", s.text());
    s.swap(&[b'x'; 300], 512);
    s.again(512);
    say!("of 300 bytes kept: {}", s.text().bytes().len());
    let mut long = [b'x'; 128];
    long[126..].copy_from_slice("é".as_bytes());
    s.swap(&long, 512);
    s.again(512);
    say!("of 126 bytes and a 2-byte character kept: {}", s.text().bytes().len());
    s.swap(b"long text", 512);
    s.swap(b"", 5);
    say!("into 5 bytes: '{}'", s.text());
    s.swap(b"mine", 512);
    close(open(c"/dev/null", READ));
    s.again(512);
    say!("after calls that succeed: '{}'", s.text());
    werrstr("parent's");
    spawn(MEM, || {
        let mut s = Buffer([0; 512]);
        s.again(512);
        say!("a new process starts with: '{}'", s.text());
        werrstr("child's");
    });
    while process::await_child(&mut [0; 512]).is_err() {}
    s.swap(b"", 512);
    say!("in the parent, after the child changed its own: '{}'", s.text());
}
