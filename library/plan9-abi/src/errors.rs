//! What a kernel's error texts mean.
//!
//! Plan 9's errors are strings; portable Rust code asks for a kind and compares numbers. Here each
//! text that the kernel and the usual file servers give (cwfs, gefs, hjfs, lib9p's, those of Unix
//! machines) has a fixed code, the well-known number where there is a clear counterpart, and a
//! kind. 9front writes `TEXT: 'path'`, the 4th edition `'path' TEXT`: the path is no part of the
//! meaning and is never parsed out, only stepped over (`port/error.h`, `ip/*.c`).

/// The meaning of an error text. Each has its counterpart in `std::io::ErrorKind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    NotFound,
    PermissionDenied,
    ConnectionRefused,
    ConnectionReset,
    HostUnreachable,
    NetworkUnreachable,
    AddrInUse,
    AddrNotAvailable,
    BrokenPipe,
    AlreadyExists,
    NotADirectory,
    IsADirectory,
    DirectoryNotEmpty,
    ReadOnlyFilesystem,
    InvalidInput,
    TimedOut,
    StorageFull,
    NotSeekable,
    ResourceBusy,
    InvalidFilename,
    Interrupted,
    OutOfMemory,
    TooManyOpenFiles,
    InputOutput,
    Other,
}

/// An error text that is known, with its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub text: &'static str,
    pub code: i32,
    pub kind: Kind,
}

/// Codes from here on belong to texts that are not in [`TABLE`]; whoever interns them hands them
/// out.
pub const FIRST_INTERNED: i32 = 0x1000;

/// The code of `interrupted`.
pub const INTERRUPTED: i32 = 4;

/// The code of `no error`, what an empty error string is shown as.
pub const NO_ERROR: i32 = 0x22F;

/// The code of `no free file descriptors`.
pub const NO_FREE_DESCRIPTORS: i32 = 24;

/// The code of `listen hungup`.
pub const LISTEN_HUNGUP: i32 = 0x22E;

/// The code of `notes pending`.
pub const NOTES_PENDING: i32 = 0x236;

/// The code of `mount/attach disallowed`.
pub const ATTACH_DISALLOWED: i32 = 0x20F;

/// The code of `remove -- directory not empty`.
const DIRECTORY_NOT_EMPTY: i32 = 39;

/// The code of `fd out of range or not open`.
pub const BAD_FD: i32 = 9;

/// The code of `inappropriate use of fd`: it is not open for what is asked of it.
pub const BAD_USE_OF_FD: i32 = 0x209;

/// The code of `clone failed`, which the kernel says of a mount's root in the place of whatever the
/// walk there failed with, `interrupted` as well (`port/chan.c:cclone`).
pub const CLONE_FAILED: i32 = 0x271;

/// The code of `no free file descriptors`.
pub const NO_DESCRIPTORS: i32 = 24;

macro_rules! table {
    ($($text:literal $code:literal $kind:ident;)*) => {
        /// Every known text, each with a code of its own.
        pub const TABLE: &[Known] = &[$(Known { text: $text, code: $code, kind: Kind::$kind }),*];
    };
}

table! {
    "file does not exist" 2 NotFound;
    "file not found" 0x202 NotFound;
    "directory entry not found" 0x203 NotFound;
    "not mounted" 0x204 NotFound;
    "process exited" 3 NotFound;
    "interrupted" 4 Interrupted;
    "i/o error" 5 InputOutput;
    "exec header invalid" 8 InvalidInput;
    "fd out of range or not open" 9 InvalidInput;
    "inappropriate use of fd" 0x209 InvalidInput;
    "no living children" 10 NotFound;
    "no procs" 11 OutOfMemory;
    "virtual memory allocation failed" 12 OutOfMemory;
    "kernel allocate failed" 0x20C OutOfMemory;
    "permission denied" 13 PermissionDenied;
    "access permission denied" 0x20D PermissionDenied;
    "mounted directory forbids creation" 0x20E PermissionDenied;
    "mount/attach disallowed" 0x20F PermissionDenied;
    "device or object already in use" 16 ResourceBusy;
    "is a mount point" 0x210 ResourceBusy;
    "file is locked" 0x211 ResourceBusy;
    "file already exists" 17 AlreadyExists;
    "file exists" 0x212 AlreadyExists;
    "not a directory" 20 NotADirectory;
    "file is a directory" 21 IsADirectory;
    "is a directory" 0x215 IsADirectory;
    "bad arg in system call" 22 InvalidInput;
    "bad process or channel control request" 0x216 InvalidInput;
    "unknown control request" 0x217 InvalidInput;
    "unknown control message" 0x218 InvalidInput;
    "wrong #args in control message" 0x219 InvalidInput;
    "negative i/o offset" 0x21A InvalidInput;
    "read or write too large" 0x21B InvalidInput;
    "read or write too small" 0x21C InvalidInput;
    "i/o count too small" 0x21D InvalidInput;
    "stat buffer too small" 0x21E InvalidInput;
    "malformed stat buffer" 0x21F InvalidInput;
    "bad ip address syntax" 0x220 InvalidInput;
    "bad numeric port" 0x221 InvalidInput;
    "malformed address" 0x222 InvalidInput;
    "seek in directory" 0x223 InvalidInput;
    "no free file descriptors" 24 TooManyOpenFiles;
    "no space" 28 StorageFull;
    "file system full" 0x224 StorageFull;
    "seek on a stream" 29 NotSeekable;
    "read-only fs" 30 ReadOnlyFilesystem;
    "file system read only" 0x225 ReadOnlyFilesystem;
    "i/o on hungup channel" 32 BrokenPipe;
    "name too long" 36 InvalidFilename;
    "bad character in file name" 0x226 InvalidFilename;
    "file name syntax" 0x227 InvalidFilename;
    "empty file name" 0x228 InvalidFilename;
    "remove -- directory not empty" 39 DirectoryNotEmpty;
    "address in use" 98 AddrInUse;
    "connection in use" 0x229 AddrInUse;
    "not a local IP address" 99 AddrNotAvailable;
    "no ports available" 0x22A AddrNotAvailable;
    "net unreachable" 101 NetworkUnreachable;
    "no route" 0x22B NetworkUnreachable;
    "Hangup" 104 ConnectionReset;
    "no free devices" 105 OutOfMemory;
    "connection timed out" 110 TimedOut;
    "connection refused" 111 ConnectionRefused;
    "port unreachable" 0x22C ConnectionRefused;
    "host unreachable" 113 HostUnreachable;
    "not announced" 0x22D InvalidInput;
    "listen hungup" 0x22E InvalidInput;
    "no error" 0x22F Other;
    "unknown device in # filename" 0x230 NotFound;
    "cannot exec directory" 0x231 PermissionDenied;
    "create without DMDIR" 0x232 InvalidInput;
    "create in non-directory" 0x233 NotADirectory;
    "create in deleted directory" 0x234 NotFound;
    "empty control message" 0x235 InvalidInput;
    "notes pending" 0x236 ResourceBusy;
    "note not posted" 0x237 ResourceBusy;
    "inconsistent mount" 0x239 InvalidInput;
    "not in union" 0x23A NotFound;
    "mount rpc error" 0x23B Other;
    "device shut down" 0x23C BrokenPipe;
    "EOF receiving fversion reply" 0x23D BrokenPipe;
    "segments overlap" 0x23E OutOfMemory;
    "bad time control" 0x23F InvalidInput;
    "profile is off" 0x240 InvalidInput;
    "wrong number of fields" 0x241 InvalidInput;
    "bad iounit in version call" 0x242 InvalidInput;
    "bad 9P version specification" 0x243 InvalidInput;
    "bad 9P version returned from server" 0x244 Other;
    "short control request" 0x245 InvalidInput;
    "bad args to announce" 0x246 InvalidInput;
    "bad args to connect" 0x247 InvalidInput;
    "connection must be in Establised state" 0x248 InvalidInput;
    "addmulti needs interface address" 0x249 InvalidInput;
    "delmulti needs interface address" 0x24A InvalidInput;
    "addmulti for a non multicast address" 0x24B InvalidInput;
    "create/wstat -- file exists" 0x24C AlreadyExists;
    "open/create -- file is locked" 0x24D ResourceBusy;
    "file locked" 0x24E ResourceBusy;
    "resource in use" 0x24F ResourceBusy;
    "directory is not empty" 0x250 DirectoryNotEmpty;
    "directory not empty" 0x251 DirectoryNotEmpty;
    "disk full" 0x252 StorageFull;
    "emergency blocks exhausted" 0x253 StorageFull;
    "create/wstat -- bad character in file name" 0x254 InvalidFilename;
    "create/wstat -- . and .. illegal names" 0x255 InvalidFilename;
    "bad character in directory name" 0x256 InvalidFilename;
    "file name too long" 0x257 InvalidFilename;
    "walk -- in a non-directory" 0x258 NotADirectory;
    "walk in non-directory" 0x259 NotADirectory;
    "create -- in a non-directory" 0x25A NotADirectory;
    "wstat -- not owner" 0x25B PermissionDenied;
    "wstat -- not owner or group leader" 0x25C PermissionDenied;
    "wstat -- not in group" 0x25D PermissionDenied;
    "wstat prohibited" 0x25E PermissionDenied;
    "create prohibited" 0x25F PermissionDenied;
    "remove prohibited" 0x260 PermissionDenied;
    "write prohibited" 0x261 PermissionDenied;
    "stat prohibited" 0x262 PermissionDenied;
    "invalid operation" 0x263 InvalidInput;
    "does not exist" 0x264 NotFound;
    "access denied" 0x265 PermissionDenied;
    "No such file or directory" 0x266 NotFound;
    "Permission denied" 0x267 PermissionDenied;
    "Operation not permitted" 0x268 PermissionDenied;
    "File exists" 0x269 AlreadyExists;
    "Not a directory" 0x26A NotADirectory;
    "Is a directory" 0x26B IsADirectory;
    "Directory not empty" 0x26C DirectoryNotEmpty;
    "No space left on device" 0x26D StorageFull;
    "Read-only file system" 0x26E ReadOnlyFilesystem;
    "File name too long" 0x26F InvalidFilename;
    "Device or resource busy" 0x270 ResourceBusy;
    "clone failed" 0x271 Other;
}

/// Finds what is known of an error text, with or without a path at either end; `None` for any other
/// text.
pub fn classify(text: &str) -> Option<&'static Known> {
    // The file servers of lib9p put the name in the middle.
    if text.starts_with("remove ") && text.ends_with(": has children") {
        return by_code(DIRECTORY_NOT_EMPTY);
    }
    let bare = after_quoted(text).unwrap_or(text);
    TABLE.iter().find(|known| is_or_precedes_path(bare, known.text))
}

/// What is known of a code that [`classify`] gave.
pub fn by_code(code: i32) -> Option<&'static Known> {
    TABLE.iter().find(|known| known.code == code)
}

/// `TEXT` alone, or followed by a colon or a space and more: `TEXT: 'path'`, `TEXT "frob x"`.
fn is_or_precedes_path(text: &str, known: &str) -> bool {
    match text.strip_prefix(known) {
        Some("") => true,
        Some(rest) => rest.starts_with(": ") || rest.starts_with(" \"") || rest.starts_with(" '"),
        None => false,
    }
}

/// What follows `'path' ` at the start of a text; a quote inside the path is doubled.
fn after_quoted(text: &str) -> Option<&str> {
    let mut rest = text.strip_prefix('\'')?;
    loop {
        let (_, behind) = rest.split_once('\'')?;
        match behind.strip_prefix('\'') {
            Some(doubled) => rest = doubled,
            None => return behind.strip_prefix(' '),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Option<Kind> {
        classify(text).map(|known| known.kind)
    }

    #[test]
    fn paths_at_either_end_do_not_matter() {
        assert_eq!(kind("file does not exist"), Some(Kind::NotFound));
        assert_eq!(kind("file does not exist: '/x'"), Some(Kind::NotFound));
        assert_eq!(kind("'/x' file does not exist"), Some(Kind::NotFound));
        assert_eq!(kind("'it''s here' permission denied"), Some(Kind::PermissionDenied));
        assert_eq!(kind("interrupted: '/net/tcp/1/listen'"), Some(Kind::Interrupted));
        assert_eq!(kind("unknown control message \"frob x\""), Some(Kind::InvalidInput));
        assert_eq!(kind("remove d: has children"), Some(Kind::DirectoryNotEmpty));
    }

    #[test]
    fn a_path_is_never_taken_for_the_text() {
        assert_eq!(kind("strange: 'permission denied'"), None);
        assert_eq!(kind("interrupted by rain"), None);
        assert_eq!(kind("'permission denied"), None);
        assert_eq!(kind(""), None);
    }

    #[test]
    fn each_text_and_each_code_stands_once() {
        for (i, a) in TABLE.iter().enumerate() {
            assert!((1..FIRST_INTERNED).contains(&a.code), "{}", a.text);
            assert_eq!(by_code(a.code), Some(a), "code of {:?}", a.text);
            for b in &TABLE[i + 1..] {
                assert_ne!(a.text, b.text);
                assert_ne!(a.code, b.code, "{} and {}", a.text, b.text);
            }
        }
        assert_eq!(classify("interrupted").unwrap().code, INTERRUPTED);
        assert_eq!(classify("fd out of range or not open").unwrap().code, BAD_FD);
        assert_eq!(classify("listen hungup").unwrap().code, LISTEN_HUNGUP);
        assert_eq!(classify("no free file descriptors").unwrap().code, NO_FREE_DESCRIPTORS);
        assert_eq!(classify("notes pending").unwrap().code, NOTES_PENDING);
        assert_eq!(classify("mount/attach disallowed").unwrap().code, ATTACH_DISALLOWED);
        assert_eq!(classify("no error").unwrap().code, NO_ERROR);
    }
}
