//! The kernel's error strings, one line a failing call: `call case: 'text'`. A note the call posts and what the kernel
//! itself writes on fd 2 follow on lines of their own. Numbers that vary (addresses, process numbers) are printed as N.

#![no_std]
#![no_main]

mod fds;
mod memory;
mod mounts;
mod names;
mod procs;
mod server;
mod strings;

use conformance::family::{listen, lying, notify, said};
use conformance::text::{Long, Rules, norm};
use conformance::{Why, handler, raw, say};
use core::cell::UnsafeCell;
use core::ffi::CStr;
use plan9_abi::dir::Dir;
use plan9_abi::flags::{noted, rfork};
use plan9_abi::layout::ERRMAX;
use plan9_abi::sys::{error, file, process};
use plan9_abi::sysno;

conformance::counting_handler!();

/// The last note handled, empty once it was told.
struct Note(UnsafeCell<Long>);
// SAFETY: the proc that prints and its handler take turns.
unsafe impl Sync for Note {}
static NOTE: Note = Note(UnsafeCell::new(Long::empty()));

handler!(keep, |_, note| {
    let mut text = Long::empty();
    text.push(note.to_bytes());
    // SAFETY: as for `Note`.
    unsafe { *NOTE.0.get() = text };
    noted::CONT
});

#[unsafe(no_mangle)]
fn probe() {
    // SAFETY: no new proc.
    let _ = unsafe { process::rfork(rfork::NAMEG | rfork::ENVG | rfork::NOTEG) };
    notify(Some(keep));
    listen();
    names::run();
    fds::run();
    mounts::run();
    procs::run();
    memory::run();
    strings::run();
}

/// Tells one case; `result` is what the call gave.
pub fn e(what: &str, result: i64) {
    match result as i32 {
        -1 => say!("{what}: '{}'", shown(error::until_nul(&error::take()))),
        _ => say!("{what}: no error"),
    }
    // SAFETY: as for `Note`; no note is on its way, the call that posts one has returned.
    let note = core::mem::replace(unsafe { &mut *NOTE.0.get() }, Long::empty());
    if !note.is_empty() {
        say!("\tnote '{}'", shown(note.bytes()));
    }
    let mut words = [0; 511];
    while lying(said()) > 0 {
        let n = file::read(said(), &mut words).unwrap_or(0);
        let line = words[..n].strip_suffix(b"\n").unwrap_or(&words[..n]);
        say!("\tthe kernel on fd 2: '{}'", shown(line));
    }
    werrstr("no error was set");
}

fn shown(text: &[u8]) -> Long {
    norm(text, Rules::Bytes)
}

pub fn werrstr(text: &str) {
    let mut buffer = [0; ERRMAX];
    buffer[..text.len()].copy_from_slice(text.as_bytes());
    error::swap(&mut buffer);
}

/// The error string stays what it was.
pub fn close(fd: i64) {
    let why = Why::take();
    let _ = file::close(fd as i32);
    why.put_back();
}

pub fn open(name: &CStr, mode: u32) -> i64 {
    raw(sysno::OPEN, [name.as_ptr() as usize, mode as usize, 0, 0, 0])
}

pub fn create(name: &CStr, mode: u32, permissions: u32) -> i64 {
    raw(sysno::CREATE, [name.as_ptr() as usize, mode as usize, permissions as usize, 0, 0])
}

pub fn one(number: usize, name: &CStr) -> i64 {
    raw(number, [name.as_ptr() as usize, 0, 0, 0, 0])
}

/// A write at the channel's offset.
pub fn write(fd: i64, text: &[u8]) -> i64 {
    // An empty slice may point nowhere, which the kernel does not forgive.
    let at = if text.is_empty() { c"".as_ptr() as usize } else { text.as_ptr() as usize };
    raw(sysno::PWRITE, [fd as usize, at, text.len(), usize::MAX, 0])
}

/// Creates a file with that text in it; -1 where a call failed.
pub fn put(name: &CStr, text: &str) -> i64 {
    let fd = create(name, plan9_abi::flags::open::WRITE, 0o777);
    if fd < 0 {
        return -1;
    }
    let n = write(fd, text.as_bytes());
    close(fd);
    n
}

/// `wstat` with one thing changed.
pub fn wstat(name: &CStr, new_name: &[u8], length: u64) -> i64 {
    let mut buffer = [0; 256];
    let dir = Dir { name: new_name, length, ..Dir::UNCHANGED };
    let n = dir.write(&mut buffer).unwrap_or(0);
    raw(sysno::WSTAT, [name.as_ptr() as usize, buffer.as_ptr() as usize, n, 0, 0])
}
