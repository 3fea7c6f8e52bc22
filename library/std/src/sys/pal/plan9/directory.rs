//! One working directory for the program, where the kernel has one for each proc, and names as system calls take them.
//!
//! As long as nobody has called `set_current_dir`, every thread stands where the program started, for a new proc begins
//! in its parent's directory. After that, a thread goes to the program's directory before it uses a relative name, once
//! for each change: [`CHANGES`] counts them, and a thread remembers which it has followed. The directory is kept by
//! name: one that is renamed is no longer found by threads that have not been there.
//!
//! | word | who writes it | ordering |
//! |---|---|---|
//! | `CHANGES` | `enter`, under the lock, after the name | Release; readers Acquire, so the name is at least as new |
//! | `FOLLOWED` | its thread | its own |

use crate::cell::Cell;
use crate::ffi::{CStr, CString};
use crate::io;
use crate::path::Path;
use crate::sync::Mutex;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Release};
use crate::sys::helpers::run_with_cstr;
use crate::sys::pal::{cvt_r, fd_name, last_error};
use plan9_abi::flags::open;
use plan9_abi::sys::file;

/// The longest name that the kernel takes, in bytes, with its NUL (`port/chan.c:validname0`).
pub const MAX_NAME: usize = 65_536;

static DIRECTORY: Mutex<Option<CString>> = Mutex::new(None);
static CHANGES: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static FOLLOWED: Cell<u32> = const { Cell::new(0) };
}

/// The name of this proc's own directory.
fn own() -> io::Result<CString> {
    let fd = cvt_r(|| file::open(c".", open::READ | open::CEXEC))?;
    let mut name = vec![0; MAX_NAME];
    let found = fd_name(fd, &mut name).map(<[u8]>::to_vec).ok_or_else(last_error);
    let _ = file::close(fd);
    Ok(CString::new(found?)?)
}

/// Brings this thread to the program's directory.
pub fn follow() -> io::Result<()> {
    let changes = CHANGES.load(Acquire);
    if FOLLOWED.get() == changes {
        return Ok(());
    }
    let directory = DIRECTORY.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(name) = &*directory {
        cvt_r(|| file::chdir(name))?;
    }
    // The lock is held: the count is that of the name.
    FOLLOWED.set(CHANGES.load(Acquire));
    Ok(())
}

/// The program's directory.
pub fn current() -> io::Result<CString> {
    follow()?;
    own()
}

/// Makes a directory the program's.
pub fn enter(path: &Path) -> io::Result<()> {
    with_name(path, |name| {
        let mut directory = DIRECTORY.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        cvt_r(|| file::chdir(name))?;
        *directory = Some(own()?);
        let changes = CHANGES.load(Acquire).wrapping_add(1);
        CHANGES.store(changes, Release);
        FOLLOWED.set(changes);
        Ok(())
    })
}

/// Runs a call with a path as the kernel takes it. A relative one is looked up from the program's directory, also if it
/// begins with `#`, which the kernel would take for a device.
pub fn with_name<T>(path: &Path, call: impl Fn(&CStr) -> io::Result<T>) -> io::Result<T> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if path.is_absolute() {
        return run_with_cstr(bytes, &call);
    }
    follow()?;
    match bytes.first() {
        Some(b'#') => run_with_cstr(&[b"./", bytes].concat(), &call),
        _ => run_with_cstr(bytes, &call),
    }
}

/// The same, but a path that begins with `#` is a device's.
pub fn with_name_or_device<T>(path: &Path, call: impl Fn(&CStr) -> io::Result<T>) -> io::Result<T> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if bytes.starts_with(b"#") { run_with_cstr(bytes, &call) } else { with_name(path, call) }
}
