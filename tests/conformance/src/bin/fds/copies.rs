//! Copies of descriptors, by dup and through `/fd`.

use super::LINE;
use conformance::report::{close, write_new};
use conformance::{Text, say};
use plan9_abi::flags::open;
use plan9_abi::sys::file;

pub fn run() {
    let mut buffer = [0; 100];
    write_new(c"/env/p", b"0123456789");
    let Ok(fd) = file::open(c"/env/p", open::RDWR) else { return say!("no /env/p") };
    let Ok(copy) = file::dup(fd, -1) else { return say!("no dup") };
    let _ = file::read(fd, &mut buffer[..3]);
    LINE.number("dup: offset of the copy after a read of 3", file::seek(copy, 0, 1));
    let name = Text::new(format_args!("/fd/{fd}"));
    let name = name.as_c_str();
    let Ok(again) = file::open(name, open::READ) else { return say!("no /fd") };
    LINE.number("open /fd/N: offset", file::seek(again, 0, 1));
    let _ = file::read(again, &mut buffer[..2]);
    LINE.number("open /fd/N: a read of 2 there moves the original to", file::seek(fd, 0, 1));
    LINE.number("write through /fd/N opened OREAD of an ORDWR", file::write(again, b"x"));
    close(again);
    let again = file::open(name, open::RDWR | open::TRUNC);
    LINE.ok("open /fd/N, ORDWR|OTRUNC", again);
    let _ = again.map(close);
    LINE.number("length after it", file::seek(fd, 0, 2));
    LINE.ok("open /fd/N, ORCLOSE", file::open(name, open::READ | open::RCLOSE));
    let again = file::create(name, open::WRITE, 0o666);
    LINE.ok("create /fd/N", again);
    let _ = again.map(close);
    LINE.number("length after it", file::seek(fd, 0, 2));
    LINE.ok("remove /fd/N", file::remove(name));
    LINE.number("dup onto itself, same number", file::dup(fd, fd).map(|same| same - fd));
    LINE.number("dup onto 30", file::dup(fd, 30));
    close(copy);
    let lowest = file::open(c"/dev/null", open::READ);
    LINE.number("the lowest free number is used", lowest.map(|lowest| lowest - copy));
    close(fd);
    LINE.number("the copy outlives the original: read", file::pread(30, &mut buffer, 0));
    LINE.ok("open /fd of a closed one", file::open(name, open::READ));
}
