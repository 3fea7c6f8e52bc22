//! Descriptors: read, write, seek, dup, pipes, /srv.

use super::{close, create, e, one, open, write};
use conformance::{raw, say};
use core::ffi::CStr;
use plan9_abi::dir::Dir;
use plan9_abi::flags::bind::AFTER;
use plan9_abi::flags::open::{RCLOSE, RDWR, READ, WRITE};
use plan9_abi::sys::file;
use plan9_abi::sysno;

/// A bad descriptor, and the kernel's all ones.
const NONE: i64 = 99;
const OWN_OFFSET: i64 = -1;

fn pread_at(fd: i64, at: usize, n: usize, offset: i64) -> i64 {
    raw(sysno::PREAD, [fd as usize, at, n, offset as usize, 0])
}

fn pread(fd: i64, n: usize, offset: i64) -> i64 {
    let mut buffer = [0u8; 8192];
    pread_at(fd, buffer.as_mut_ptr() as usize, n, offset)
}

pub fn read(fd: i64, n: usize) -> i64 {
    pread(fd, n, OWN_OFFSET)
}

fn pwrite(fd: i64, at: usize, n: usize, offset: i64) -> i64 {
    raw(sysno::PWRITE, [fd as usize, at, n, offset as usize, 0])
}

/// The offset goes through memory; -1 or the low bits of what it is now.
pub fn seek(fd: i64, offset: i64, whence: usize) -> i64 {
    let mut at = 0i64;
    let args = [&raw mut at as usize, fd as usize, offset as usize, whence, 0];
    if raw(sysno::SEEK, args) == -1 { -1 } else { at }
}

fn dup(old: i64, new: i64) -> i64 {
    raw(sysno::DUP, [old as usize, new as usize, 0, 0, 0])
}

fn fversion(fd: i64, msize: i64, text: &CStr, room: usize) -> i64 {
    let mut buffer = [0u8; 32];
    let text = text.to_bytes_with_nul();
    buffer[..text.len()].copy_from_slice(text);
    let at = buffer.as_mut_ptr() as usize;
    raw(sysno::FVERSION, [fd as usize, msize as usize, at, room, 0])
}

pub fn run() {
    say!("-- descriptors");
    let zeros = open(c"/dev/zero", READ);
    let null = open(c"/dev/null", WRITE);
    // Is a union already where the golden text was made; where it is not, it becomes one.
    let args = [c"#d".as_ptr() as usize, c"/dev".as_ptr() as usize, AFTER as usize, 0, 0];
    raw(sysno::BIND, args);
    let dev = open(c"/dev", READ);
    e("read, bad fd", read(NONE, 1));
    e("read, fd -1", read(-1, 1));
    e("read, write only fd", read(null, 1));
    e("read, nil buffer", pread_at(zeros, 0, 1, OWN_OFFSET));
    e("read, nil buffer, 0 bytes", pread_at(zeros, 0, 0, OWN_OFFSET));
    e("read, count -1", read(zeros, usize::MAX));
    let fd = open(c"#c", READ);
    e("read a directory, 10 bytes", read(fd, 10));
    close(fd);
    e("read a union of directories, 10 bytes", read(dev, 10));
    let byte = b'x';
    let byte = &raw const byte as usize;
    e("pread, negative offset", pread(zeros, 1, -2));
    e("pread a directory, offset 7", pread(open(c"#c", READ), 8192, 7));
    e("write, bad fd", pwrite(NONE, byte, 1, OWN_OFFSET));
    e("write, read only fd", pwrite(zeros, byte, 1, OWN_OFFSET));
    e("write, nil buffer", pwrite(null, 0, 1, OWN_OFFSET));
    e("write to a directory fd", pwrite(dev, byte, 1, OWN_OFFSET));
    e("pwrite, negative offset", pwrite(null, byte, 1, -2));
    e("seek, bad fd", seek(NONE, 0, 0));
    e("seek, negative", seek(zeros, -1, 0));
    e("seek, negative, from here", seek(zeros, -1, 1));
    e("seek, type 3", seek(zeros, 0, 3));
    e("seek a directory to 1", seek(dev, 1, 0));
    e("seek a directory to 0", seek(dev, 0, 0));
    e("seek a directory by 0 from here", seek(dev, 0, 1));
    pipes();
    numbers(zeros);
    e("pipe, nil", raw(sysno::PIPE, [0; 5]));
    let fd = open(c"/dev/null", RDWR);
    e("fversion, no 9P there", fversion(fd, 0, c"9P2000", 32));
    e("fversion, msize -1", fversion(fd, -1, c"9P2000", 32));
    e("fversion, another version", fversion(fd, 0, c"8P", 32));
    e("fversion, no NUL in the buffer", fversion(fd, 0, c"8P", 2));
    let args = [fd as usize, c"".as_ptr() as usize, 0, 0, 0];
    e("fauth, no 9P there", raw(sysno::FAUTH, args));
    posts();
    [zeros, null, dev].into_iter().for_each(close);
}

fn pipes() {
    let (near, far) = file::pipe().map_or((-1, -1), |(near, far)| (near.into(), far.into()));
    e("seek a pipe", seek(near, 0, 0));
    let mut record = [0; 128];
    let dir = Dir { length: 1 << 30, ..Dir::UNCHANGED };
    let n = dir.write(&mut record).unwrap_or(0);
    let args = [near as usize, record.as_ptr() as usize, n, 0, 0];
    e("wstat a pipe, length too great", raw(sysno::FWSTAT, args));
    close(far);
    e("write, pipe closed at the other end", write(near, b"x"));
    e("read, pipe closed at the other end", read(near, 1));
    e("the same, second read", read(near, 1));
    e("the same, third", read(near, 1));
    e("the same, fourth", read(near, 1));
    close(near);
}

fn numbers(zeros: i64) {
    let mut buffer = [0u8; 512];
    let at = buffer.as_mut_ptr() as usize;
    e("close, bad fd", raw(sysno::CLOSE, [NONE as usize, 0, 0, 0, 0]));
    e("fstat, bad fd", raw(sysno::FSTAT, [NONE as usize, at, 512, 0, 0]));
    e("dup, bad fd", dup(NONE, -1));
    e("dup to fd -2", dup(zeros, -2));
    e("dup to fd 100000", dup(zeros, 100_000));
    e("fd2path, bad fd", raw(sysno::FD2PATH, [NONE as usize, at, 512, 0, 0]));
    e("open /fd of a bad fd", open(c"/fd/99", READ));
    dup(zeros, 9);
    e("open /fd of a read only fd for writing", open(c"/fd/9", WRITE));
}

fn posts() {
    close(create(c"/srv/errstrs", WRITE, 0o600));
    e("open /srv, nothing posted", open(c"/srv/errstrs", RDWR));
    one(sysno::REMOVE, c"/srv/errstrs");
    let fd = create(c"/srv/errstrs", WRITE | RCLOSE, 0o600);
    e("post a bad fd in /srv", write(fd, b"99"));
    e("post in /srv", write(fd, b"0"));
    e("post twice", write(fd, b"0"));
    e("post, 32 bytes", write(fd, &[b'0'; 32]));
    e("create in /srv for reading", create(c"/srv/errstrs2", READ, 0o600));
    close(fd);
}
