//! Two directories as one.

use super::{body, list, record};
use conformance::report::{Label, mk, write_new, wstat};
use plan9_abi::flags::{bind, mode, open};
use plan9_abi::sys::file;

pub fn run(at: Label) {
    let directory = mode::DIR | 0o777;
    let _ = mk(c"u", open::READ, directory);
    let _ = mk(c"v", open::READ, directory);
    write_new(c"u/x", b"u's x");
    write_new(c"u/y", b"u's y");
    write_new(c"v/x", b"v's x");
    write_new(c"v/z", b"v's z");
    at.ok("union: bind v after u", file::bind(c"v", c"u", bind::AFTER));
    list(at, "union: names", c"u");
    body(at, "union: x", c"u/x");
    at.ok("union: create", mk(c"u/n", open::READ, 0o666));
    at.ok("union: create, existing", mk(c"u/z", open::READ, 0o666));
    record(at, "union: it was truncated", c"v/z");
    at.ok("union: mkdir", mk(c"u/n", open::READ, directory));
    at.ok("union: unmount v", file::unmount(Some(c"v"), c"u"));
    at.ok("union: bind v after u, MCREATE", file::bind(c"v", c"u", bind::AFTER | bind::CREATE));
    at.ok("union: create", mk(c"u/n", open::READ | open::EXCL, 0o666));
    record(at, "union: it is in v", c"v/n");
    at.ok("union: rename n to y, which u has", wstat(c"u/n", |dir| dir.name = b"y"));
    list(at, "union: names", c"u");
    at.ok("union: remove y", file::remove(c"u/y"));
    body(at, "union: y", c"u/y");
    at.ok("union: remove u", file::remove(c"u"));
    at.ok("union: rename u", wstat(c"u", |dir| dir.name = b"t"));
    at.ok("union: chdir u", file::chdir(c"u"));
    list(at, "union: names from inside", c".");
    let _ = file::chdir(c"..");
    at.ok("union: unmount", file::unmount(None, c"u"));
    list(at, "union: names", c"u");
    at.ok("union: unmount again", file::unmount(None, c"u"));
}
