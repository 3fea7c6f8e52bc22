//! System-call numbers (`libc/9syscall/sys.h`).
//!
//! The number travels in RBP on amd64 and the arguments in memory at 8(RSP), 16(RSP), ...;
//! [`crate::syscall`] does that on Plan 9 itself, and the embedded machine reads them there.

macro_rules! numbers {
    ($($name:ident = $number:literal, $text:literal, $args:literal;)*) => {
        $(#[doc = concat!("`", $text, "`, which takes ", stringify!($args), " words.")]
        pub const $name: usize = $number;)*

        /// The name and the number of argument words of a system call, for traces; `None` for
        /// numbers that no kernel has.
        pub const fn describe(number: usize) -> Option<(&'static str, usize)> {
            match number {
                $($number => Some(($text, $args)),)*
                _ => None,
            }
        }
    };
}

numbers! {
    SYSR1 = 0, "sysr1", 0;
    OLD_ERRSTR = 1, "_errstr", 1;
    BIND = 2, "bind", 3;
    CHDIR = 3, "chdir", 1;
    CLOSE = 4, "close", 1;
    DUP = 5, "dup", 2;
    ALARM = 6, "alarm", 1;
    EXEC = 7, "exec", 2;
    EXITS = 8, "exits", 1;
    FSESSION = 9, "_fsession", 3;
    FAUTH = 10, "fauth", 2;
    OLD_FSTAT = 11, "_fstat", 2;
    SEGBRK = 12, "segbrk", 2;
    OLD_MOUNT = 13, "_mount", 4;
    OPEN = 14, "open", 2;
    OLD_READ = 15, "_read", 3;
    OLD_SEEK = 16, "oseek", 3;
    SLEEP = 17, "sleep", 1;
    OLD_STAT = 18, "_stat", 2;
    RFORK = 19, "rfork", 1;
    OLD_WRITE = 20, "_write", 3;
    PIPE = 21, "pipe", 1;
    CREATE = 22, "create", 3;
    FD2PATH = 23, "fd2path", 3;
    BRK = 24, "brk_", 1;
    REMOVE = 25, "remove", 1;
    OLD_WSTAT = 26, "_wstat", 2;
    OLD_FWSTAT = 27, "_fwstat", 2;
    NOTIFY = 28, "notify", 1;
    NOTED = 29, "noted", 1;
    SEGATTACH = 30, "segattach", 4;
    SEGDETACH = 31, "segdetach", 1;
    SEGFREE = 32, "segfree", 2;
    SEGFLUSH = 33, "segflush", 2;
    RENDEZVOUS = 34, "rendezvous", 2;
    UNMOUNT = 35, "unmount", 2;
    OLD_WAIT = 36, "_wait", 1;
    SEMACQUIRE = 37, "semacquire", 2;
    SEMRELEASE = 38, "semrelease", 2;
    SEEK = 39, "seek", 4;
    FVERSION = 40, "fversion", 4;
    ERRSTR = 41, "errstr", 2;
    STAT = 42, "stat", 3;
    FSTAT = 43, "fstat", 3;
    WSTAT = 44, "wstat", 3;
    FWSTAT = 45, "fwstat", 3;
    MOUNT = 46, "mount", 5;
    AWAIT = 47, "await", 2;
    PREAD = 50, "pread", 4;
    PWRITE = 51, "pwrite", 4;
    TSEMACQUIRE = 52, "tsemacquire", 2;
    NSEC = 53, "_nsec", 0;
}

/// What a failing system call returns: all ones.
pub const FAILED: isize = -1;
