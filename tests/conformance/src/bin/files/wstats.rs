//! What stat gives into small buffers, and what wstat changes.

use super::{body, record, with_stat};
use conformance::report::{Label, Shown, close, op, write_new, wstat};
use conformance::say;
use plan9_abi::dir::Dir;
use plan9_abi::flags::{mode, open};
use plan9_abi::sys::error::until_nul;
use plan9_abi::sys::{Result, file};

/// A time that no file has by itself, in seconds since 1970.
const LONG_AGO: u32 = 1_000_000_000;

pub fn run(at: Label) {
    write_new(c"a", b"0123456789");
    write_new(c"b", b"b");
    buffers(at);
    fields(at);
    contents(at);
    rename(at);
    for name in [c"a", c"b", c"c"] {
        let _ = file::remove(name);
    }
}

fn buffers(at: Label) {
    let mut whole = [0; 1024];
    for (what, size) in [
        ("stat, 0 byte buffer", 0),
        ("stat, 1 byte buffer", 1),
        ("stat, 2 byte buffer", 2),
        ("stat, 3 byte buffer", 3),
        ("stat, 20 byte buffer", 20),
    ] {
        let mut buffer = [0; 20];
        at.number(what, file::stat(c"a", &mut buffer[..size]));
        if size >= 2 {
            let told = usize::from(u16::from_le_bytes([buffer[0], buffer[1]])) + 2;
            let is = file::stat(c"a", &mut whole) == Ok(told);
            at.whether("its first two bytes hold the size less two", is);
        }
    }
}

fn fields(at: Label) {
    at.ok("wstat, nothing changed", wstat(c"a", |_| {}));
    at.ok("wstat, mode 0400", wstat(c"a", |dir| dir.mode = 0o400));
    record(at, "after it", c"a");
    at.ok("wstat, mode 0666", wstat(c"a", |dir| dir.mode = 0o666));
    at.ok("wstat, mode with DMDIR", wstat(c"a", |dir| dir.mode = mode::DIR | 0o777));
    let told = |time: u32| if time == LONG_AGO { "1000000000" } else { "another" };
    at.ok("wstat, mtime", wstat(c"a", |dir| dir.mtime = LONG_AGO));
    at.number("mtime is now", with_stat(c"a", |dir| told(dir.mtime)));
    at.ok("wstat, atime", wstat(c"a", |dir| dir.atime = LONG_AGO));
    at.number("atime is now", with_stat(c"a", |dir| told(dir.atime)));
    let mut owner = [0; 2 * 64];
    let (user, group) = owner.split_at_mut(64);
    let kept = with_stat(c"a", |dir| {
        user[..dir.uid.len()].copy_from_slice(dir.uid);
        group[..dir.gid.len()].copy_from_slice(dir.gid);
        dir.qid.version
    });
    let Ok(version) = kept else { return say!("no a") };
    at.ok("wstat, own uid", named(|dir, text| dir.uid = text, until_nul(user)));
    at.ok("wstat, uid nobody", wstat(c"a", |dir| dir.uid = b"nobody"));
    at.ok("wstat, own gid", named(|dir, text| dir.gid = text, until_nul(group)));
    at.ok("wstat, gid nobody", wstat(c"a", |dir| dir.gid = b"nobody"));
    at.ok("wstat, muid nobody", wstat(c"a", |dir| dir.muid = b"nobody"));
    at.ok("wstat, qid.vers", wstat(c"a", |dir| dir.qid.version = version.wrapping_add(7)));
    at.ok("wstat, type", wstat(c"a", |dir| dir.device_type = u16::from(b'z')));
    at.ok("wstat, dev", wstat(c"a", |dir| dir.device = 12345));
}

/// wstat of `a` with a name that the kernel gave.
fn named<'a>(set: impl FnOnce(&mut Dir<'a>, &'a [u8]), text: &'a [u8]) -> Result<()> {
    let mut buffer = [0; 256];
    let mut dir = Dir::UNCHANGED;
    set(&mut dir, text);
    let size = dir.write(&mut buffer).unwrap_or(0);
    file::wstat(c"a", &buffer[..size])
}

fn contents(at: Label) {
    at.ok("wstat, length 4", wstat(c"a", |dir| dir.length = 4));
    at.ok("wstat, length 8", wstat(c"a", |dir| dir.length = 8));
    body(at, "contents after 10, 4, 8", c"a");
    at.ok("wstat, name of an existing file", wstat(c"a", |dir| dir.name = b"b"));
    body(at, "that file", c"b");
    at.ok("wstat, name with a /", wstat(c"a", |dir| dir.name = b"x/y"));
    at.ok("wstat, own name", wstat(c"a", |dir| dir.name = b"a"));
}

fn rename(at: Label) {
    let path = with_stat(c"a", |dir| dir.qid.path);
    let Ok(fd) = file::open(c"a", open::READ) else { return say!("no a") };
    at.ok("wstat, new name", wstat(c"a", |dir| dir.name = b"c"));
    record(at, "under the old name", c"a");
    record(at, "under the new name", c"c");
    let now = with_stat(c"c", |dir| dir.qid.path);
    at.whether("rename keeps qid.path", now.is_ok() && now == path);
    let mut name = [0; 256];
    let _ = file::fd2path(fd, &mut name);
    let last = until_nul(&name).rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let what = "fd2path of a descriptor opened before the rename";
    at.says(what, format_args!(".../{}", Shown(last)));
    close(fd);
    at.ok("wstat, name '/'", wstat(c"c", |dir| dir.name = b"/"));
    at.ok("wstat, name '..'", wstat(c"b", |dir| dir.name = b".."));
    at.ok("open '..' now", op(c"..", open::READ));
    at.ok("wstat, name '.'", wstat(c"b", |dir| dir.name = b"."));
    record(at, "under its old name", c"b");
}
