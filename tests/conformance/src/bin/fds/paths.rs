//! What fd2path says, and iounits.

use super::LINE;
use conformance::report::{Shown, close, iounit, mk, write_new, wstat};
use conformance::{Text, Why, say};
use plan9_abi::flags::{bind, mode, open};
use plan9_abi::sys::error::until_nul;
use plan9_abi::sys::{Result, file};

/// What fd2path says of a descriptor, which is closed.
fn path(what: &str, fd: Result<i32>) {
    let mut name = [b'?'; 100];
    match fd.and_then(|fd| file::fd2path(fd, &mut name)) {
        Ok(()) => say!("path of {what}: '{}'", Shown(until_nul(&name))),
        Err(_) => say!("path of {what}: {}", Why::take().quoted()),
    }
    if let Ok(fd) = fd {
        close(fd);
    }
}

pub fn run() {
    let _ = mk(c"/tmp/m", open::READ, mode::DIR | 0o777);
    let _ = file::chdir(c"/dev");
    path("null in /dev", file::open(c"null", open::READ));
    path(".././dev//null", file::open(c".././dev//null", open::READ));
    path("../../..", file::open(c"../../..", open::READ));
    path("#c/null", file::open(c"#c/null", open::READ));
    path("#c", file::open(c"#c", open::READ));
    path("created /env/p", file::create(c"/env/p", open::WRITE, 0o666));
    let _ = file::bind(c"#c", c"/tmp/m", bind::REPL);
    path("/tmp/m/null, #c bound to /tmp/m", file::open(c"/tmp/m/null", open::READ));
    path("/tmp/m/..", file::open(c"/tmp/m/..", open::READ));
    let _ = file::chdir(c"/tmp/m");
    path(". in /tmp/m", file::open(c".", open::READ));
    path(".. in /tmp/m", file::open(c"..", open::READ));
    let _ = file::unmount(None, c"/tmp/m");
    path(". in /tmp/m, unmounted", file::open(c".", open::READ));
    let Ok((near, far)) = file::pipe() else { return say!("no pipe") };
    path("pipe, first end", Ok(near));
    path("pipe, other end", Ok(far));
    let Ok(null) = file::open(c"/dev/null", open::READ) else { return say!("no /dev/null") };
    let name = Text::new(format_args!("/fd/{null}"));
    path("/fd/N of /dev/null", file::open(name.as_c_str(), open::READ));
    let mut name = [b'?'; 14];
    LINE.number("fd2path, 5 byte buffer", file::fd2path(null, &mut name[..5]).map(|()| 0));
    say!("it then holds: '{}'", Shown(until_nul(&name)));
    close(null);
    write_new(c"/tmp/m/a", b"x");
    let Ok(fd) = file::open(c"/tmp/m/a", open::READ) else { return say!("no /tmp/m/a") };
    let _ = wstat(c"/tmp/m/a", |dir| dir.name = b"b");
    path("file renamed since", file::dup(fd, -1));
    let _ = file::remove(c"/tmp/m/b");
    path("file removed since", file::dup(fd, -1));
    close(fd);
    let Ok((near, far)) = file::pipe() else { return say!("no pipe") };
    LINE.says("iounit of a pipe", iounit(near));
    for (what, name) in
        [("iounit of a file of a 9P server", c"/tmp/m"), ("iounit of /dev/null", c"/dev/null")]
    {
        LINE.number(
            what,
            file::open(name, open::READ).map(|fd| {
                let unit = iounit(fd);
                close(fd);
                unit
            }),
        );
    }
    close(near);
    close(far);
}
