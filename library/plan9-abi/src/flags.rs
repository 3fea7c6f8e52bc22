//! Flag words of the system calls: `open`, `create`, `rfork`, `noted`, `bind`, `segattach`
//! (`include/libc.h`).

/// Modes of `open` and `create` (man 2/open).
pub mod open {
    pub const READ: u32 = 0;
    pub const WRITE: u32 = 1;
    pub const RDWR: u32 = 2;
    pub const EXEC: u32 = 3;
    pub const TRUNC: u32 = 16;
    /// Close on exec.
    pub const CEXEC: u32 = 32;
    /// Remove on close.
    pub const RCLOSE: u32 = 64;
    /// `create` only: fail if the file exists.
    pub const EXCL: u32 = 0x1000;
}

/// Permission and type bits of a file (man 5/stat).
pub mod mode {
    pub const DIR: u32 = 1 << 31;
    pub const APPEND: u32 = 1 << 30;
    pub const EXCL: u32 = 1 << 29;
    pub const MOUNT: u32 = 1 << 28;
    pub const AUTH: u32 = 1 << 27;
    pub const TMP: u32 = 1 << 26;
}

/// Flags of `rfork` (man 2/fork).
pub mod rfork {
    pub const NAMEG: u32 = 1 << 0;
    pub const ENVG: u32 = 1 << 1;
    pub const FDG: u32 = 1 << 2;
    pub const NOTEG: u32 = 1 << 3;
    pub const PROC: u32 = 1 << 4;
    pub const MEM: u32 = 1 << 5;
    pub const NOWAIT: u32 = 1 << 6;
    pub const CNAMEG: u32 = 1 << 10;
    pub const CENVG: u32 = 1 << 11;
    pub const CFDG: u32 = 1 << 12;
    pub const REND: u32 = 1 << 13;
    pub const NOMNT: u32 = 1 << 14;
}

/// Arguments of `noted` (man 2/notify).
pub mod noted {
    pub const CONT: u32 = 0;
    pub const DFLT: u32 = 1;
    pub const SAVE: u32 = 2;
    pub const RSTR: u32 = 3;
    /// None of these: the proc dies of the note as of a trap and stays `Broken`, whoever posted it
    /// (`port/sysproc.c:sysnoted`).
    pub const BREAK: u32 = 4;
}

/// Flags of `bind` and `mount` (man 2/bind).
pub mod bind {
    pub const REPL: u32 = 0;
    pub const BEFORE: u32 = 1;
    pub const AFTER: u32 = 2;
    pub const CREATE: u32 = 4;
    pub const CACHE: u32 = 16;
}

/// Attributes of `segattach` (man 2/segattach).
pub mod segattach {
    pub const RONLY: u32 = 0o40;
    pub const CEXEC: u32 = 0o100;
}
