//! Names, unions and error texts as the real kernel gave them, on a machine without programs.

use super::{boot, directory, name, namespace, open_node, opening, release};
use crate::dev::{Pid, Started, Value};
use crate::devices;
use crate::kernel::{Kernel, Options, Proc};
use plan9_abi::flags::{bind, mode, open};
use std::fs;

const PID: Pid = 1;

/// A machine whose root is a folder of its own, with one proc in `/`.
fn machine() -> (Kernel, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_path_buf();
    let mut k = Kernel::new(Options { root, ..Options::default() });
    let wait = k.waits.fresh();
    k.procs.insert(PID, Proc::new(PID, wait));
    boot(&mut k, PID).unwrap();
    k.files.groups.get_mut(&PID).unwrap().dot = "/".into();
    (k, folder)
}

fn open_text(k: &mut Kernel, path: &str, how: u32) -> String {
    let result = opening::open(k, PID, path, how).and_then(|(started, finish)| match started {
        Started::Done(value) => finish(k, PID, value),
        Started::Blocked(_) => panic!("opening {path} waits"),
    });
    result.map_or_else(|why| why.0.into_owned(), |_| "ok".into())
}

fn create_text(k: &mut Kernel, path: &str, how: u32, perm: u32) -> String {
    let result =
        opening::create(k, PID, path, how, perm).and_then(|(started, finish)| match started {
            Started::Done(value) => finish(k, PID, value),
            Started::Blocked(_) => panic!("creating {path} waits"),
        });
    result.map_or_else(|why| why.0.into_owned(), |_| "ok".into())
}

/// The names a read of a directory gives.
fn names(k: &mut Kernel, path: &str) -> Vec<String> {
    let (chan, _) = {
        let place = name::walk(k, PID, path).unwrap();
        (super::new_channel(place.nodes, place.path, open::READ), ())
    };
    let bytes = directory::read(k, PID, &chan, 1 << 16).unwrap();
    let mut rest = &bytes[..];
    let mut names = Vec::new();
    while let Some((dir, behind)) = plan9_abi::dir::Dir::parse(rest) {
        names.push(String::from_utf8_lossy(dir.name).into_owned());
        rest = behind;
    }
    release(k, chan);
    names
}

#[test]
fn open_fails_in_the_kernels_words() {
    let (mut k, folder) = machine();
    fs::write(folder.path().join("f"), "x").unwrap();
    fs::create_dir(folder.path().join("d")).unwrap();
    let long = format!("#c/{}", "a".repeat(297));
    for (path, how, text) in [
        ("/nosuch", open::READ, "file does not exist: '/nosuch'"),
        ("/nosuch/x", open::READ, "file does not exist: '/nosuch'"),
        ("#c/nosuch", open::READ, "file does not exist: '#c/nosuch'"),
        ("./no", open::READ, "file does not exist: './no'"),
        ("/it's a", open::READ, "file does not exist: '/it''s a'"),
        ("/dev/null/x", open::READ, "not a directory: '/dev/null'"),
        ("/dev/null/", open::READ, "not a directory: '/dev/null/'"),
        ("/dev/null/.", open::READ, "not a directory: '/dev/null/.'"),
        ("f/", open::READ, "not a directory: 'f/'"),
        ("", open::READ, "empty file name"),
        ("/tmp/a\x01b", open::READ, "bad character in file name: '/tmp/a\x01b'"),
        (&long, open::READ, "file does not exist: '...aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"),
        ("#@/x", open::READ, "unknown device in # filename"),
        ("#c/pid", open::WRITE, "permission denied: '#c/pid'"),
        ("#c/null", open::EXEC, "permission denied: '#c/null'"),
        ("#c", open::WRITE, "permission denied"),
        ("#c", open::READ | open::TRUNC, "permission denied"),
        ("#c", open::EXEC, "cannot exec directory"),
        ("d", open::WRITE, "is a directory: 'd'"),
        ("d", open::RDWR, "is a directory: 'd'"),
        ("d", open::READ | open::TRUNC, "is a directory: 'd'"),
        ("d", open::EXEC, "cannot exec directory: 'd'"),
        ("/fd/0", open::WRITE, "inappropriate use of fd: '/fd/0'"),
        ("/fd/99", open::READ, "file does not exist: '/fd/99'"),
        ("/fd/0", open::READ | open::RCLOSE, "permission denied: '/fd/0'"),
        ("f", open::READ, "ok"),
    ] {
        assert_eq!(open_text(&mut k, path, how), text, "open {path:?}, {how:#x}");
    }
    let whole = format!("#c/{}", "a".repeat(57));
    let text = format!("file does not exist: '{whole}'");
    assert_eq!(open_text(&mut k, &whole, open::READ), text);
    assert_eq!(open_text(&mut k, &"a".repeat(65_536), open::READ), "name too long");
}

#[test]
fn create_fails_in_the_kernels_words() {
    let (mut k, folder) = machine();
    fs::write(folder.path().join("f"), "x").unwrap();
    fs::create_dir(folder.path().join("d")).unwrap();
    for (path, how, perm, text) in [
        ("/nosuch/x", 0, 0o666, "file does not exist: '/nosuch'"),
        ("nosuch/x", 0, 0o666, "file does not exist: 'nosuch'"),
        ("#c/x", 0, 0o666, "permission denied: '#c/x'"),
        ("/dev/null/x", 0, 0o666, "permission denied: '/dev/null/x'"),
        ("f/x", 0, 0o666, "create in non-directory: 'f/x'"),
        ("f", open::EXCL, 0o666, "file already exists: 'f'"),
        ("d", 0, mode::DIR | 0o777, "is a directory: 'd'"),
        ("d", open::EXCL, mode::DIR | 0o777, "file already exists: 'd'"),
        ("", 0, 0o666, "empty file name"),
        ("/env/x/", 0, 0o666, "create without DMDIR: '/env/x/'"),
        ("/env/x", 0, mode::DIR | 0o777, "ok"),
        ("new", open::RDWR, 0o666, "ok"),
    ] {
        assert_eq!(create_text(&mut k, path, how, perm), text, "create {path:?}, {how:#x}");
    }
    assert!(folder.path().join("new").is_file());
    // An existing file is truncated, its mode left.
    assert_eq!(create_text(&mut k, "f", open::WRITE, 0), "ok");
    assert_eq!(fs::read(folder.path().join("f")).unwrap(), b"");
}

#[test]
fn a_union_lists_all_and_creates_where_it_may() {
    let (mut k, folder) = machine();
    for file in ["u/x", "v/x", "v/z"] {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
    namespace::bind(&mut k, PID, "/u", "/u", bind::REPL).unwrap();
    namespace::bind(&mut k, PID, "/v", "/u", bind::AFTER).unwrap();
    assert_eq!(names(&mut k, "/u"), ["x", "x", "z"]);
    let forbidden = "mounted directory forbids creation: 'u/n'";
    assert_eq!(create_text(&mut k, "u/n", open::WRITE, 0o666), forbidden);
    assert!(name::walk(&mut k, PID, "/u").unwrap().is_mount_point());

    namespace::unmount(&mut k, PID, Some("/v"), "/u").unwrap();
    namespace::bind(&mut k, PID, "/v", "/u", bind::AFTER | bind::CREATE).unwrap();
    assert_eq!(create_text(&mut k, "u/n", open::WRITE, 0o666), "ok");
    assert!(folder.path().join("v/n").exists());

    namespace::unmount(&mut k, PID, None, "/u").unwrap();
    assert_eq!(names(&mut k, "/u"), ["x"]);
    let text = |result: crate::dev::Result<i64>| result.unwrap_err().0.into_owned();
    assert_eq!(text(namespace::unmount(&mut k, PID, None, "/u")), "not mounted");
    assert_eq!(text(namespace::bind(&mut k, PID, "/u/x", "/v", 0)), "inconsistent mount");
    assert_eq!(text(namespace::bind(&mut k, PID, "/u", "/v", 3)), "bad arg in system call");
    assert_eq!(text(namespace::bind(&mut k, PID, "/u", "/v", 0x40)), "bad arg in system call");
}

#[test]
fn a_host_file_is_removed_on_close_and_keeps_its_wstat_by_descriptor() {
    let (mut k, folder) = machine();
    assert_eq!(create_text(&mut k, "c", open::RDWR | open::RCLOSE, 0o666), "ok");
    assert!(folder.path().join("c").exists());
    let chan = k.files.groups[&PID].fds.borrow_mut().take(3).unwrap();
    release(&mut k, chan);
    assert!(!folder.path().join("c").exists());

    fs::write(folder.path().join("w"), "0123456789").unwrap();
    let node = open_node(&mut k, PID, "/w", open::RDWR).unwrap();
    let device = devices::of(&node).unwrap();
    let mut wanted = device.stat(&mut k, PID, &node).unwrap();
    (wanted.name, wanted.length, wanted.mtime) = ("n".into(), 4, 1_000_000_000);
    wanted.mode = 0o600;
    device.wstat(&mut k, PID, &node, &wanted).unwrap();
    let data = device.stat(&mut k, PID, &node).unwrap();
    assert_eq!((data.length, data.mode, data.mtime), (4, 0o600, 1_000_000_000));
    assert_eq!(fs::read(folder.path().join("n")).unwrap(), b"0123");
    match device.read(&mut k, PID, &node, 10, 2) {
        Started::Done(Ok(Value::Bytes(bytes))) => assert_eq!(bytes, b"23"),
        _ => panic!("the file does not answer at once"),
    }
    device.close(&mut k, &node);
    fs::create_dir(folder.path().join("d")).unwrap();
    fs::write(folder.path().join("d/x"), "").unwrap();
    let node = open_node(&mut k, PID, "/d", open::READ).unwrap();
    let why = device.remove(&mut k, PID, &node).unwrap_err();
    assert_eq!(why.0, "remove d: has children");
}

#[test]
fn a_mode_that_the_host_cannot_keep_is_refused_and_changes_nothing() {
    let (mut k, folder) = machine();
    let at = folder.path().join("f");
    for (bit, word) in [(mode::APPEND, "append-only"), (mode::EXCL, "exclusive")] {
        let made = create_text(&mut k, "/f", open::WRITE, bit | 0o666);
        assert!(made.contains(word) && !at.exists(), "{made}");
    }
    assert_eq!(create_text(&mut k, "/f", open::WRITE, mode::TMP | 0o666), "ok");
    fs::write(&at, "kept").unwrap();
    let node = name::walk(&mut k, PID, "/f").unwrap().nodes.remove(0);
    let device = devices::of(&node).unwrap();
    let is = device.stat(&mut k, PID, &node).unwrap();
    for bit in [mode::APPEND, mode::EXCL] {
        let wanted = crate::dev::Entry { mode: is.mode | bit, length: 0, ..is.clone() };
        assert!(device.wstat(&mut k, PID, &node, &wanted).is_err());
        assert_eq!(fs::read(&at).unwrap(), b"kept");
    }
}
