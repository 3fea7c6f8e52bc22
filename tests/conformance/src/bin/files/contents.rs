//! Creating, opening, reading and writing files.

use super::{body, record, with_fstat};
use conformance::report::{Label, close, iounit, mk, op, write_new, wstat};
use conformance::say;
use plan9_abi::dir::{Dir, FIXED_SIZE};
use plan9_abi::flags::{mode, open};
use plan9_abi::sys::file;

pub fn run(at: Label) {
    creating(at);
    appending(at);
    offsets(at);
}

fn creating(at: Label) {
    at.ok("create, OEXCL, new", mk(c"a", open::WRITE | open::EXCL, 0o666));
    at.ok("create, OEXCL, existing", mk(c"a", open::WRITE | open::EXCL, 0o666));
    write_new(c"a", b"0123456789");
    at.ok("create, OREAD, mode 0600, existing", mk(c"a", open::READ, 0o600));
    record(at, "it was truncated and the mode ignored", c"a");
    write_new(c"a", b"0123456789");
    at.ok("open, OREAD|OTRUNC", op(c"a", open::READ | open::TRUNC));
    record(at, "after it", c"a");
    at.ok("create, mode 0444, OWRITE", mk(c"r", open::WRITE, 0o444));
    at.ok("open of mode 0444, OWRITE", op(c"r", open::WRITE));
    at.ok("open of mode 0444, OREAD|OTRUNC", op(c"r", open::READ | open::TRUNC));
    at.ok("create of existing of mode 0444, OREAD", mk(c"r", open::READ, 0o666));
    at.ok("open of mode 0444, OEXEC", op(c"r", open::EXEC));
    at.ok("remove of mode 0444", file::remove(c"r"));
}

/// Files that their last close removes. To be run last: 9front's ramfs frees such a file twice where another fid of it is
/// clunked late (`cmd/ramfs.c:fsdestroyfid`), and is not itself afterwards.
pub fn closing(at: Label) {
    let Ok(fd) = file::create(c"c", open::RDWR | open::RCLOSE, 0o666) else { return say!("no c") };
    record(at, "create, ORCLOSE, while open", c"c");
    close(fd);
    record(at, "the same, closed", c"c");
    write_new(c"c", b"x");
    let Ok(fd) = file::open(c"c", open::READ | open::RCLOSE) else { return say!("no c") };
    let copy = file::dup(fd, -1);
    close(fd);
    record(at, "open, ORCLOSE, one of two descriptors closed", c"c");
    let _ = copy.map(close);
    record(at, "the same, both closed", c"c");
    let _ = file::remove(c"c");
}

fn appending(at: Label) {
    let append = file::create(c"ap", open::RDWR, mode::APPEND | 0o666);
    at.ok("create, DMAPPEND", append);
    let Ok(fd) = append else { return };
    let _ = file::write(fd, b"one");
    at.number("append only: pwrite at 0", file::pwrite(fd, b"two", 0));
    let _ = file::seek(fd, 0, 0);
    let _ = file::write(fd, b"three");
    at.number("append only: offset after seek 0 and write of 5", file::seek(fd, 0, 1));
    close(fd);
    body(at, "append only: contents", c"ap");
    record(at, "append only", c"ap");
    at.ok("append only: open with OTRUNC", op(c"ap", open::WRITE | open::TRUNC));
    record(at, "append only: after it", c"ap");
    at.ok("append only: wstat to plain", wstat(c"ap", |dir| dir.mode = 0o666));
    record(at, "append only: after it", c"ap");
    let _ = file::remove(c"ap");
    let exclusive = file::create(c"x", open::RDWR, mode::EXCL | 0o666);
    at.ok("create, DMEXCL", exclusive);
    at.ok("exclusive: second open", op(c"x", open::READ));
    let _ = exclusive.map(close);
    at.ok("exclusive: open after the close", op(c"x", open::READ));
    let _ = file::remove(c"x");
}

fn offsets(at: Label) {
    let mut buffer = [0; 100];
    write_new(c"a", b"0123456789");
    let Ok(fd) = file::open(c"a", open::RDWR) else { return say!("no a") };
    at.number("pread 3 at 4", file::pread(fd, &mut buffer[..3], 4));
    at.number("offset after it", file::seek(fd, 0, 1));
    at.number("pread past the end", file::pread(fd, &mut buffer[..3], 40));
    at.number("read 20 of 10", file::read(fd, &mut buffer[..20]));
    at.number("read at the end", file::read(fd, &mut buffer[..20]));
    at.number("seek -3 from the end", file::seek(fd, -3, 2));
    at.number("seek -8 from here", file::seek(fd, -8, 1));
    at.number("offset after the refusal", file::seek(fd, 0, 1));
    at.number("seek 20", file::seek(fd, 20, 0));
    at.number("write 3 there", file::write(fd, b"abc"));
    body(at, "the hole", c"a");
    at.number("pwrite 1 at 30", file::pwrite(fd, b"z", 30));
    at.number("offset after it", file::seek(fd, 0, 1));
    at.number("write of 0 bytes at 40", file::pwrite(fd, b"", 40));
    record(at, "length", c"a");
    let version = |fd| with_fstat(fd, |dir| dir.qid.version);
    let identity = |fd| with_fstat(fd, |dir| (dir.device_type, dir.device, dir.qid.path));
    let before = version(fd).unwrap_or(0);
    let _ = file::write(fd, b"y");
    at.number(
        "a write changes qid.vers by",
        version(fd).map(|after| i64::from(after) - i64::from(before)),
    );
    let Ok(other) = file::open(c"a", open::READ) else { return say!("no a") };
    at.whether("two opens, same type, dev and qid.path", identity(fd) == identity(other));
    close(other);
    removed(at, fd);
}

/// What is left of a file that is removed while it is open.
fn removed(at: Label, fd: i32) {
    let mut buffer = [0; 1024];
    at.ok("remove while open", file::remove(c"a"));
    at.number("read after it", file::pread(fd, &mut buffer[..3], 0));
    at.number("write after it", file::pwrite(fd, b"new", 0));
    at.number("fstat after it: bytes", file::fstat(fd, &mut buffer).map(|_| 0));
    write_new(c"a", b"other");
    at.number("read after another file took the name", file::pread(fd, &mut buffer[..3], 0));
    let mut record = [0; FIXED_SIZE];
    let _ = Dir { length: 1, ..Dir::UNCHANGED }.write(&mut record);
    at.ok("wstat of the removed, by descriptor", file::fwstat(fd, &record));
    close(fd);
    body(at, "the new file", c"a");
    at.number(
        "iounit",
        file::open(c"a", open::READ).map(|fd| {
            let unit = iounit(fd);
            close(fd);
            unit
        }),
    );
}
