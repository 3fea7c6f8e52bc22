//! Names: missing ones, odd ones, long ones, and the texts that say what is wrong with them.

use super::list;
use conformance::Text;
use conformance::report::{Label, mk, op, write_new, wstat};
use core::ffi::CStr;
use plan9_abi::flags::{mode, open};
use plan9_abi::sys::file;

pub fn run(at: Label) {
    write_new(c"f", b"file");
    walks(at);
    others(at);
    characters(at);
    lengths(at);
    at.ok("remove", file::remove(c"f"));
}

fn walks(at: Label) {
    at.ok("open missing", op(c"nosuch", open::READ));
    at.ok("open in a missing directory", op(c"nosuch/x", open::READ));
    at.ok("create in a missing directory", mk(c"nosuch/x", open::READ, 0o666));
    at.ok("open through a file", op(c"f/x", open::READ));
    at.ok("open through a file, '..'", op(c"f/..", open::READ));
    at.ok("create through a file", mk(c"f/x", open::READ, 0o666));
    at.ok("open with a trailing slash", op(c"f/", open::READ));
    at.ok("create with a trailing slash", mk(c"f/", open::READ, 0o666));
    at.ok("create '.'", mk(c".", open::READ, 0o666));
    at.ok("create '..'", mk(c"..", open::READ, mode::DIR | 0o777));
    at.ok("open '#x'", op(c"#x", open::READ));
    at.ok("create './#x'", mk(c"./#x", open::READ, 0o666));
    at.ok("remove './#x'", file::remove(c"./#x"));
}

fn others(at: Label) {
    at.ok("chdir to a file", file::chdir(c"f"));
    at.ok("chdir missing", file::chdir(c"nosuch"));
    at.ok("stat missing", file::stat(c"nosuch", &mut [0; 256]));
    at.ok("remove missing", file::remove(c"nosuch"));
    at.ok("wstat missing", wstat(c"nosuch", |dir| dir.mode = 0o666));
    at.ok("open './/f'", op(c".//f", open::READ));
}

fn characters(at: Label) {
    at.ok("create 'a b', with a quote", mk(c"a 'b", open::READ, 0o666));
    at.ok("open missing, with a quote", op(c"x 'y", open::READ));
    at.ok("remove it", file::remove(c"a 'b"));
    at.ok("create, control character", mk(c"a\nb", open::READ, 0o666));
    at.ok("create, bytes ff fe", mk(c"\xff\xfe", open::READ, 0o666));
    list(at, "names", c".");
    let _ = file::remove(c"\xff\xfe");
}

fn lengths(at: Label) {
    let mut name = [b'n'; 20_001];
    for length in [27, 28, 100, 127, 128, 255, 256, 1000, 20_000] {
        name[length] = 0;
        let text = CStr::from_bytes_until_nul(&name).unwrap_or(c"");
        let what = Text::new(format_args!("create, name of {length} bytes"));
        at.ok(what.as_c_str().to_str().unwrap_or("?"), mk(text, open::READ, 0o666));
        let _ = file::remove(text);
        name[length] = b'n';
    }
}
