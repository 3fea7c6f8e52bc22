//! Names: open, and the other calls that walk.

use super::{close, create, e, one, open, put, wstat};
use conformance::raw;
use core::ffi::{CStr, c_char};
use core::ptr;
use plan9_abi::flags::mode::DIR;
use plan9_abi::flags::open::{EXCL, EXEC, READ, TRUNC, WRITE};
use plan9_abi::sys::file;
use plan9_abi::sysno;

/// A name of letters `a`, with what stands in some places, and a NUL at the end.
fn long(buffer: &mut [u8; 70_000], start: &[u8], len: usize, slashes: &[usize]) -> *const c_char {
    buffer.fill(b'a');
    buffer[..start.len()].copy_from_slice(start);
    slashes.iter().for_each(|&at| buffer[at] = b'/');
    buffer[len] = 0;
    buffer.as_ptr().cast()
}

fn open_at(name: *const c_char) -> i64 {
    raw(sysno::OPEN, [name as usize, READ as usize, 0, 0, 0])
}

fn stat(name: &CStr, n: usize) -> i64 {
    let mut buffer = [0u8; 1024];
    raw(sysno::STAT, [name.as_ptr() as usize, buffer.as_mut_ptr() as usize, n, 0, 0])
}

fn exec(name: &CStr, argument: Option<&CStr>) -> i64 {
    let argv = [argument.map_or(ptr::null(), CStr::as_ptr), ptr::null()];
    raw(sysno::EXEC, [name.as_ptr() as usize, argv.as_ptr() as usize, 0, 0, 0])
}

pub fn run() {
    conformance::say!("-- names: open");
    e("missing", open(c"/nosuch", READ));
    e("missing, in a missing directory", open(c"/nosuch/x/y", READ));
    e("missing, in a device", open(c"#c/nosuch", READ));
    // Whose words these are depends on who serves the working directory; on the golden machine it spoke as the kernel.
    let _ = file::chdir(c"#e");
    e("missing, relative", open(c"./no//such", READ));
    e("a quote and a space in the name", open(c"/it's a", READ));
    e("path through a file", open(c"/dev/null/x", READ));
    e("file with a trailing slash", open(c"/dev/null/", READ));
    e("file with a trailing /.", open(c"/dev/null/.", READ));
    e("empty name", open(c"", READ));
    e("control character", open(c"/tmp/a\x01b", READ));
    e("DEL", open(c"\x7F", READ));
    e("invalid UTF-8 at the end", open(c"/\xFF\x80", READ));
    e("invalid UTF-8 before the end", open(c"/\xFFabcdef", READ));
    let mut name = [0; 70_000];
    e("missing, 57 letters", open_at(long(&mut name, b"#c/", 60, &[])));
    e("missing, 297 letters", open_at(long(&mut name, b"#c/", 300, &[])));
    let elements = long(&mut name, b"#c/", 300, &[100, 150, 200]);
    e("missing, elements of 97, 49, 49 and 99 letters", open_at(elements));
    e("65536 bytes", open_at(long(&mut name, b"", 65536, &[])));
    e("unknown device", open(c"#@/x", READ));
    e("bad device specifier", open(c"#ex/x", READ));
    e("nil", open_at(ptr::null()));
    e("mode 4", open(c"/dev/null", 4));
    e("read only file for writing", open(c"#c/pid", WRITE));
    e("no execute permission", open(c"#c/null", EXEC));
    e("directory for writing", open(c"#c", WRITE));
    e("directory, OREAD|OTRUNC", open(c"#c", READ | TRUNC));
    e("directory, OEXEC", open(c"#c", EXEC));
    let fd = open(c"#c/kprint", READ);
    e("exclusive file in use", open(c"#c/kprint", READ));
    close(fd);
    conformance::say!("-- names: the others");
    creates(&mut name);
    others();
    execs();
}

fn creates(name: &mut [u8; 70_000]) {
    let directory = |name| create(name, READ, DIR | 0o777);
    e("create in a missing directory", create(c"/nosuch/x", READ, 0o666));
    e("create in a directory that forbids it", create(c"#c/x", READ, 0o666));
    e("create in a file", create(c"/dev/null/x", READ, 0o666));
    e("create existing, OEXCL", create(c"#c/null", WRITE | EXCL, 0o666));
    e("create existing directory, DMDIR", directory(c"#c"));
    e("create existing directory, DMDIR, by path", directory(c"/dev/."));
    e("create /", directory(c"/"));
    e("create empty name", create(c"", READ, 0o666));
    e("create file with a trailing slash", create(c"/env/x/", READ, 0o666));
    e("create directory in /env", directory(c"/env/d"));
    e("create mode 4", create(c"/env/x", 4, 0o666));
    let at = long(name, b"/env/", 140, &[]);
    let args = [at as usize, WRITE as usize, 0o666, 0, 0];
    e("create in /env, name too long", raw(sysno::CREATE, args));
}

fn others() {
    e("chdir missing", one(sysno::CHDIR, c"/nosuch"));
    e("chdir to a file", one(sysno::CHDIR, c"/dev/null"));
    e("chdir empty name", one(sysno::CHDIR, c""));
    e("stat missing", stat(c"/nosuch", 1024));
    e("stat, 1-byte buffer", stat(c"/dev/null", 1));
    e("stat, 0-byte buffer", stat(c"/dev/null", 0));
    e("remove missing", one(sysno::REMOVE, c"/nosuch"));
    e("remove in a directory that forbids it", one(sysno::REMOVE, c"#c/null"));
    e("remove a mount point", one(sysno::REMOVE, c"/dev"));
    e("wstat missing", wstat(c"/nosuch", b"", 0));
    e("wstat where it is forbidden", wstat(c"#c/null", b"", 0));
    e("wstat with a / in the name", wstat(c"/env/x", b"a/b", !0));
    e("wstat rename a mount point", wstat(c"/dev", b"ved", !0));
    let ten = [0u8; 10];
    let args = [c"/dev/null".as_ptr() as usize, ten.as_ptr() as usize, 10, 0, 0];
    e("wstat of 10 bytes", raw(sysno::WSTAT, args));
}

fn execs() {
    let of = |text| {
        put(c"/env/x", text);
        exec(c"/env/x", Some(c"x"))
    };
    e("exec missing", exec(c"/nosuch", Some(c"x")));
    e("exec a directory", exec(c"/dev", Some(c"x")));
    e("exec without permission", exec(c"#c/null", Some(c"x")));
    e("exec an empty file", of(""));
    let words = "hello, world\n and more than a header's length\n";
    e("exec a file that is no program", of(words));
    e("exec #! with a missing interpreter", of("#!/nosuch -x\n"));
    put(c"/env/y", "#!/env/x\n");
    e("exec #! whose interpreter is a script", exec(c"/env/y", Some(c"y")));
    e("exec #! without a name", of("#!\n"));
    e("exec #! without a newline", of("#!/dev/null"));
    e("exec without an argv[0]", exec(c"/env/x", None));
}
