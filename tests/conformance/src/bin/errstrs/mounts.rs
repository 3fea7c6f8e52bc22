//! The name space: bind, unmount, mount, and a mounted server that refuses things.

use super::server::{Server, serve};
use super::{close, create, e, one, open, wstat};
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

/// Mounts a server that is started for it. `Ok` gives another descriptor of its connection.
fn try_mount(server: Server) -> (i64, i64) {
    let (near, far) = pipe();
    fork_server(near, far, server);
    close(far);
    let other = match server {
        Server::Refuses => raw(sysno::DUP, [near as usize, usize::MAX, 0, 0, 0]),
        _ => -1,
    };
    let result = mount(near, -1);
    if result < 0 {
        close(near);
    }
    (result, other)
}

fn fork_server(near: i64, far: i64, server: Server) {
    let flags = rfork::PROC | rfork::FDG | rfork::NOWAIT | rfork::NOTEG;
    // SAFETY: the child has memory and descriptors of its own, and ends in `serve`.
    if let Ok(0) = unsafe { process::rfork(flags) } {
        close(near);
        serve(far as i32, server);
    }
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
    close(far);
    e("mount, other end closed", mount(near, -1));
    close(near);
    e("mount, server without 9P2000", try_mount(Server::WithoutVersion).0);
    e("mount, server refuses the attach", try_mount(Server::RefusesAttach).0);
    e("mount, server hangs up at the attach", try_mount(Server::HangsUpAtAttach).0);
    let (mounted, connection) = try_mount(Server::Refuses);
    e("mount", mounted);
    e("open in a mounted tree, walk refused", open(c"/tmp/m/a/b", READ));
    e("open of a mounted root, open refused", open(PLACE, READ));
    e("create in a mounted tree, refused", create(c"/tmp/m/x", READ, 0o666));
    let mut record = [0u8; 512];
    let to = [PLACE.as_ptr() as usize, record.as_mut_ptr() as usize, record.len(), 0, 0];
    e("stat of a mounted root, refused", raw(sysno::STAT, to));
    e("wstat of a mounted root, refused", wstat(PLACE, b"", 0));
    let (at, mut byte) = (connection as usize, 0u8);
    let to = [at, (&raw mut byte) as usize, 1, usize::MAX, 0];
    e("read from the connection", raw(sysno::PREAD, to));
    let mut place = 0i64;
    e("seek on the connection", raw(sysno::SEEK, [(&raw mut place) as usize, at, 0, 0, 0]));
    close(connection);
    e("unmount", unmount(None, PLACE));
    fork(|| {
        // SAFETY: no new proc.
        let _ = unsafe { process::rfork(rfork::NAMEG | rfork::NOMNT) };
        e("RFNOMNT, mount", try_mount(Server::Refuses).0);
        e("RFNOMNT, open #c/null", open(c"#c/null", READ));
        e("RFNOMNT, open #s", open(c"#s", READ));
    });
    let _ = process::await_child(&mut [0; 512]);
}
