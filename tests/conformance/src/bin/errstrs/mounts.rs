//! The name space: bind, unmount, mount.

use super::{close, create, e, open};
use conformance::family::fork;
use conformance::{raw, say};
use core::ffi::CStr;
use core::ptr;
use plan9_abi::flags::bind::{AFTER, BEFORE, REPL};
use plan9_abi::flags::mode::DIR;
use plan9_abi::flags::open::{RDWR, READ, WRITE};
use plan9_abi::flags::rfork;
use plan9_abi::sys::{file, process};
use plan9_abi::sysno;

const PLACE: &CStr = c"/tmp/m";

fn bind(new: &CStr, old: &CStr, flags: u32) -> i64 {
    raw(sysno::BIND, [new.as_ptr() as usize, old.as_ptr() as usize, flags as usize, 0, 0])
}

fn unmount(new: Option<&CStr>, old: &CStr) -> i64 {
    let new = new.map_or(ptr::null(), CStr::as_ptr);
    raw(sysno::UNMOUNT, [new as usize, old.as_ptr() as usize, 0, 0, 0])
}

fn mount(fd: i64, afd: i64) -> i64 {
    let (place, name) = (PLACE.as_ptr() as usize, c"".as_ptr() as usize);
    raw(sysno::MOUNT, [fd as usize, afd as usize, place, REPL as usize, name])
}

fn pipe() -> (i64, i64) {
    file::pipe().map_or((-1, -1), |(one, other)| (one.into(), other.into()))
}

pub fn run() {
    say!("-- name space");
    close(create(PLACE, READ, DIR | 0o777));
    e("bind missing", bind(c"/nosuch", PLACE, REPL));
    e("bind on missing", bind(c"/dev", c"/nosuch", REPL));
    e("bind a file on a directory", bind(c"/dev/null", PLACE, REPL));
    e("bind a file before a file", bind(c"/dev/null", c"/dev/zero", BEFORE));
    e("bind, MBEFORE|MAFTER", bind(c"/dev", PLACE, BEFORE | AFTER));
    e("bind, unknown flag", bind(c"/dev", PLACE, 0x100));
    e("unmount, not mounted", unmount(None, PLACE));
    e("unmount from missing", unmount(None, c"/nosuch"));
    bind(c"#c", PLACE, REPL);
    e("unmount what is not in the union", unmount(Some(c"#p"), PLACE));
    e("create in a mounted directory without MCREATE", create(c"/tmp/m/x", WRITE, 0o666));
    e("unmount", unmount(None, PLACE));
    e("mount, bad fd", mount(99, -1));
    e("mount, no 9P there", mount(open(c"/dev/null", RDWR), -1));
    e("mount, read only fd", mount(open(c"/dev/null", READ), -1));
    let (near, far) = pipe();
    e("mount, bad afd", mount(near, 99));
    close(near);
    close(far);
    fork(|| {
        // SAFETY: no new proc.
        let _ = unsafe { process::rfork(rfork::NAMEG | rfork::NOMNT) };
        e("RFNOMNT, mount", mount(pipe().0, -1));
        e("RFNOMNT, open #c/null", open(c"#c/null", READ));
        e("RFNOMNT, open #s", open(c"#s", READ));
    });
    let _ = process::await_child(&mut [0; 512]);
}
