//! The error texts that a 9front kernel and its file server gave when they were asked to fail, and
//! what each means. A text that is not known here reaches a Rust program without a kind.

use plan9_abi::errors::Kind::*;
use plan9_abi::errors::{Kind, classify};

const TEXTS: &[(Kind, &str)] = &[
    (BrokenPipe, "EOF receiving fversion reply"),
    (ConnectionReset, "Hangup"),
    (InvalidInput, "addmulti needs interface address"),
    (AddrInUse, "address in use"),
    (Other, "bad 9P version returned from server"),
    (InvalidInput, "bad 9P version specification"),
    (InvalidInput, "bad arg in system call"),
    (InvalidInput, "bad args to announce"),
    (InvalidInput, "bad args to connect"),
    (InvalidFilename, "bad character in file name: '/tmp/a\\x01b'"),
    (InvalidFilename, "bad character in file name: 'a\\x0ab'"),
    (InvalidFilename, "bad character in file name: \\x7f"),
    (InvalidFilename, "bad character in file name: a/b"),
    (InvalidFilename, "bad character in file name: x/y"),
    (InvalidInput, "bad iounit in version call"),
    (InvalidInput, "bad ip address syntax"),
    (InvalidInput, "bad numeric port"),
    (InvalidInput, "bad process or channel control request"),
    (InvalidInput, "bad time control"),
    (PermissionDenied, "cannot exec directory"),
    (PermissionDenied, "cannot exec directory: '/dev'"),
    (AddrInUse, "connection in use"),
    (InvalidInput, "connection must be in Establised state"),
    (ConnectionRefused, "connection refused"),
    (NotFound, "create in deleted directory: 'x'"),
    (NotADirectory, "create in non-directory: 'f/x'"),
    (InvalidInput, "create without DMDIR"),
    (InvalidInput, "create without DMDIR: '/env/x/'"),
    (InvalidInput, "delmulti needs interface address"),
    (ResourceBusy, "device or object already in use: '#c/kprint'"),
    (Other, "clone failed: '/tmp/mount.161'"),
    (BrokenPipe, "device shut down: '/srv/errstrs'"),
    (InvalidInput, "empty control message"),
    (InvalidFilename, "empty file name"),
    (InvalidInput, "exec header invalid"),
    (InvalidInput, "fd out of range or not open"),
    (AlreadyExists, "file already exists"),
    (AlreadyExists, "file already exists: '#c/null'"),
    (NotFound, "file does not exist"),
    (
        NotFound,
        "file does not exist: '#c/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
    ),
    (IsADirectory, "file is a directory"),
    (ResourceBusy, "file is locked: 'x'"),
    (NotFound, "file not found: '..'"),
    (NotFound, "file not found: 'nosuch'"),
    (InvalidInput, "i/o count too small"),
    (BrokenPipe, "i/o on hungup channel"),
    (InvalidInput, "inappropriate use of fd"),
    (InvalidInput, "inappropriate use of fd: '/fd/9'"),
    (InvalidInput, "inconsistent mount"),
    (Interrupted, "interrupted"),
    (Interrupted, "interrupted: '/net/tcp/N/listen'"),
    (IsADirectory, "is a directory: '..'"),
    (IsADirectory, "is a directory: 'd'"),
    (ResourceBusy, "is a mount point"),
    (ResourceBusy, "is a mount point: '/dev'"),
    (OutOfMemory, "kernel allocate failed"),
    (InvalidInput, "listen hungup: '/net/tcp/N/listen'"),
    (InvalidInput, "malformed address"),
    (InvalidInput, "malformed stat buffer"),
    (Other, "mount rpc error"),
    (PermissionDenied, "mount/attach disallowed"),
    (PermissionDenied, "mounted directory forbids creation: '/tmp/m/x'"),
    (PermissionDenied, "mounted directory forbids creation: 'u/n'"),
    (InvalidFilename, "name too long"),
    (InvalidFilename, "name too long: '...aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"),
    (InvalidInput, "negative i/o offset"),
    (OutOfMemory, "no free devices: '/net/tcp/clone'"),
    (OutOfMemory, "no free devices: '/net/udp/clone'"),
    (NotFound, "no living children"),
    (NetworkUnreachable, "no route"),
    (NotADirectory, "not a directory: '/dev/null'"),
    (NotADirectory, "not a directory: '/dev/null/'"),
    (AddrNotAvailable, "not a local IP address"),
    (InvalidInput, "not announced: '/net/tcp/N/listen'"),
    (InvalidInput, "not announced: '/net/udp/N/listen'"),
    (NotFound, "not in union"),
    (NotFound, "not mounted"),
    (ResourceBusy, "notes pending"),
    (PermissionDenied, "permission denied"),
    (PermissionDenied, "permission denied: '#c/null'"),
    (NotFound, "process exited"),
    (InvalidInput, "profile is off"),
    (InvalidInput, "read or write too large"),
    (DirectoryNotEmpty, "remove d: has children"),
    (InvalidInput, "seek in directory"),
    (NotSeekable, "seek on a stream"),
    (OutOfMemory, "segments overlap"),
    (InvalidInput, "stat buffer too small"),
    (InvalidInput, "unknown control message \"frob x\""),
    (InvalidInput, "unknown control message \"frob\""),
    (InvalidInput, "unknown control request"),
    (NotFound, "unknown device in # filename"),
    (OutOfMemory, "virtual memory allocation failed"),
    (InvalidInput, "wrong #args in control message \"pri\""),
    (InvalidInput, "wrong number of fields"),
];

/// What file servers say that were not there to be asked, by their sources: `cmd/gefs/error.c`,
/// `cmd/cwfs`, `cmd/hjfs`, `cmd/ext4srv`, `cmd/cifs`, `lib9p/srv.c`; the last are `strerror`'s, as
/// u9fs and drawterm pass them on. What std builds on must have its kind: creating a file if it is
/// missing, removing what may have been filled again.
const SERVERS: &[(Kind, &str)] = &[
    (NotFound, "directory entry not found: 'x'"),
    (AlreadyExists, "create/wstat -- file exists: 'x'"),
    (DirectoryNotEmpty, "directory is not empty"),
    (DirectoryNotEmpty, "remove -- directory not empty"),
    (DirectoryNotEmpty, "directory not empty"),
    (ResourceBusy, "open/create -- file is locked: 'x'"),
    (ResourceBusy, "file locked: 'x'"),
    (StorageFull, "file system full"),
    (StorageFull, "disk full"),
    (InvalidFilename, "create/wstat -- bad character in file name"),
    (NotADirectory, "walk in non-directory"),
    (PermissionDenied, "wstat -- not owner or group leader"),
    (PermissionDenied, "wstat prohibited"),
    (PermissionDenied, "create prohibited: 'x'"),
    (NotFound, "does not exist: 'x'"),
    (NotFound, "No such file or directory: 'x'"),
    (PermissionDenied, "Permission denied: 'x'"),
    (AlreadyExists, "File exists: 'x'"),
    (DirectoryNotEmpty, "Directory not empty"),
    (StorageFull, "No space left on device"),
];

/// Texts that mean nothing to std: they are shown as they came.
const UNKNOWN: &[&str] = &[
    "the server's words",
    "the server's words: '/tmp/m/a'",
    "dns: dns failure",
    "cs: can't translate service",
    "wstat -- attempt to change qid.type",
    "",
];

#[test]
fn each_text_has_its_kind() {
    for &(kind, text) in TEXTS.iter().chain(SERVERS) {
        assert_eq!(classify(text).map(|known| known.kind), Some(kind), "{text}");
    }
}

#[test]
fn other_texts_have_none() {
    for text in UNKNOWN {
        assert_eq!(classify(text), None, "{text}");
    }
}
