//! Directories: making, opening, reading, removing them, and standing in one that is gone.

use super::{list, record};
use conformance::report::{Label, close, iounit, mk, op, write_new, wstat};
use conformance::say;
use core::ffi::CStr;
use plan9_abi::flags::{mode, open};
use plan9_abi::sys::file;

/// Three files, not in the order of their names.
const FILES: [&CStr; 3] = [c"d/3", c"d/1", c"d/2"];

pub fn run(at: Label, top: &CStr) {
    making(at);
    opening(at);
    for name in FILES {
        let _ = mk(name, open::READ, 0o666);
    }
    list(at, "names", c"d");
    reading(at);
    forbidden(at);
    at.ok("chdir into a directory", file::chdir(c"d/p"));
    let _ = file::remove(c"../p/f");
    at.ok("remove the directory we are in", file::remove(c"../p"));
    at.ok("create there", mk(c"x", open::READ, 0o666));
    at.ok("open '.' there", op(c".", open::READ));
    at.ok("chdir '..' from there", file::chdir(c".."));
    let _ = file::chdir(top);
    for name in [c"d/w"].into_iter().chain(FILES) {
        let _ = file::remove(name);
    }
    at.ok("remove the directory, empty", file::remove(c"d"));
    let _ = file::remove(c"f");
}

fn making(at: Label) {
    let directory = mode::DIR | 0o777;
    at.ok("mkdir", mk(c"d", open::READ, directory));
    record(at, "the directory", c"d");
    at.ok("mkdir, existing", mk(c"d", open::READ, directory));
    at.ok("mkdir, existing, OEXCL", mk(c"d", open::READ | open::EXCL, directory));
    write_new(c"f", b"file");
    at.ok("mkdir, a file has the name", mk(c"f", open::READ, directory));
    record(at, "that file", c"f");
    at.ok("mkdir, a file has the name, OEXCL", mk(c"f", open::READ | open::EXCL, directory));
    at.ok("create, a directory has the name", mk(c"d", open::WRITE, 0o666));
    at.ok("create, OREAD, a directory has the name", mk(c"d", open::READ, 0o666));
    at.ok("mkdir, mode 0700", mk(c"d/p", open::READ, mode::DIR | 0o700));
    at.ok("create in it with 0666", mk(c"d/p/f", open::READ, 0o666));
    record(at, "mode is and-ed with the directory's", c"d/p/f");
    at.ok("mkdir, OWRITE", mk(c"d/w", open::WRITE, directory));
}

fn opening(at: Label) {
    at.ok("open a directory, OWRITE", op(c"d", open::WRITE));
    at.ok("open a directory, ORDWR", op(c"d", open::RDWR));
    at.ok("open a directory, OREAD|OTRUNC", op(c"d", open::READ | open::TRUNC));
    at.ok("open a directory, OEXEC", op(c"d", open::EXEC));
    at.ok("wstat a directory, length 0", wstat(c"d", |dir| dir.length = 0));
    at.ok("wstat a directory, length 5", wstat(c"d", |dir| dir.length = 5));
    at.ok("wstat a directory, mode without DMDIR", wstat(c"d", |dir| dir.mode = 0o777));
    at.ok("wstat a directory, new name", wstat(c"d", |dir| dir.name = b"e"));
    at.ok("the same, back", wstat(c"e", |dir| dir.name = b"d"));
    at.ok("remove, not empty", file::remove(c"d"));
}

fn reading(at: Label) {
    let mut buffer = [0; 8192];
    let Ok(fd) = file::open(c"d", open::READ) else { return say!("no d") };
    at.number("read a directory, 10 bytes", file::read(fd, &mut buffer[..10]));
    let first = file::read(fd, &mut buffer);
    at.number(
        "then read with a large buffer",
        first.map(|n| if n > 0 { "whole records" } else { "0" }),
    );
    at.number("at the end", file::read(fd, &mut buffer));
    at.number("seek to 0", file::seek(fd, 0, 0));
    let again = file::read(fd, &mut buffer);
    at.whether("reads the same again", first.is_ok_and(|n| n > 0) && first == again);
    at.number("seek to 1", file::seek(fd, 1, 0));
    at.number("seek by 0", file::seek(fd, 0, 1));
    at.number("pread at 7", file::pread(fd, &mut buffer, 7));
    at.number("write", file::write(fd, b"x"));
    at.says("iounit", iounit(fd));
    close(fd);
}

fn forbidden(at: Label) {
    at.ok("mode 0 on a directory", wstat(c"d/p", |dir| dir.mode = mode::DIR));
    at.ok("open in it", op(c"d/p/f", open::READ));
    at.ok("open the directory", op(c"d/p", open::READ));
    let there = file::chdir(c"d/p").and_then(|()| file::chdir(c"../.."));
    at.ok("chdir into it", there);
    at.ok("create in it", mk(c"d/p/g", open::READ, 0o666));
    at.ok("remove in it", file::remove(c"d/p/f"));
    at.ok("mode 0777 again", wstat(c"d/p", |dir| dir.mode = mode::DIR | 0o777));
}
