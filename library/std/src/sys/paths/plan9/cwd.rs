//! One working directory for the program, where the kernel has one for each proc, and names as
//! system calls take them.
//!
//! As long as nobody has called `set_current_dir`, every thread stands where the program started,
//! for a new proc begins in its parent's directory. After that, a thread goes to the program's
//! directory before it uses a relative name, once for each change: [`CHANGES`] counts them, and a
//! thread remembers which it has followed. A new thread begins with its parent's count, for it also
//! begins in its parent's directory. The directory is kept by name: one that is renamed is no
//! longer found by threads that have not been there.
//!
//! | word | who writes it | ordering |
//! |---|---|---|
//! | `CHANGES` | `enter`, under the lock, after the name | Release; readers Acquire: the name is as new |
//! | `ThreadControl::followed` | its thread, before it runs its parent | the fork orders the two |

use plan9_abi::flags::open;
use plan9_abi::sys::file;

use crate::borrow::Cow;
use crate::ffi::{CStr, CString};
use crate::io;
use crate::path::{Path, PathBuf};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Release};
use crate::sync::nonpoison::Mutex;
use crate::sys::helpers::run_with_cstr;
use crate::sys::pal::{cvt_r, fd_name, last_error, os_string, proc_file};
use crate::sys::thread::per_proc;

/// The longest name that the kernel takes, in bytes, with its NUL (`port/chan.c:validname0`).
pub const MAX_NAME: usize = 65_536;

static DIRECTORY: Mutex<Option<CString>> = Mutex::new(None);
static CHANGES: AtomicU32 = AtomicU32::new(0);

/// Which change this thread has followed. A proc that std did not start has followed none.
fn followed() -> u32 {
    per_proc::current().map_or(0, |thread| thread.followed.get())
}

fn set_followed(changes: u32) {
    if let Some(thread) = per_proc::current() {
        thread.followed.set(changes);
    }
}

/// The name of this proc's own directory. The proc's own file says it without access to the
/// directory: its first line, which is cut where the name is longer than the kernel's buffer
/// (`port/devproc.c:readfd1`). The other way, for such a name and for a proc that may not look at
/// its own files, is to open the directory, which needs read permission.
fn own() -> io::Result<CString> {
    let mut line = [0; 1024];
    if let Ok(n) = proc_file::read(per_proc::pid(), "fd", &mut line)
        && let Some(end) = line[..n].iter().position(|&byte| byte == b'\n')
    {
        return Ok(CString::new(&line[..end])?);
    }
    let fd = cvt_r(|| file::open(c".", open::READ | open::CEXEC))?;
    let mut name = vec![0; MAX_NAME];
    let found = fd_name(fd, &mut name).map(<[u8]>::to_vec).ok_or_else(last_error);
    let _ = file::close(fd);
    Ok(CString::new(found?)?)
}

/// Brings this thread to the program's directory.
pub fn follow() -> io::Result<()> {
    let changes = CHANGES.load(Acquire);
    if followed() == changes {
        return Ok(());
    }
    let directory = DIRECTORY.lock();
    if let Some(name) = &*directory {
        cvt_r(|| file::chdir(name))?;
    }
    // The lock is held: the count is that of the name.
    set_followed(CHANGES.load(Acquire));
    Ok(())
}

/// The program's directory.
pub fn current() -> io::Result<CString> {
    follow()?;
    own()
}

/// The path that the kernel's name of a directory is. A directory of a kernel device that is bound
/// nowhere has none.
pub fn path_of(name: &[u8]) -> io::Result<PathBuf> {
    if name.starts_with(b"#") {
        return Err(io::const_error!(
            io::ErrorKind::NotFound,
            "the directory is a kernel device's, and no path leads to it",
        ));
    }
    Ok(PathBuf::from(os_string(name.to_vec())))
}

/// Makes a directory the program's. If that fails, this thread stands where it stood.
pub fn enter(path: &Path) -> io::Result<()> {
    with_name(path, |name| {
        let mut directory = DIRECTORY.lock();
        let before = directory.clone().map_or_else(own, Ok);
        cvt_r(|| file::chdir(name))?;
        let entered = own().or_else(|why| {
            if path.is_absolute() {
                return Ok(name.to_owned());
            }
            before.and_then(|before| cvt_r(|| file::chdir(&before))).and(Err(why))
        })?;
        *directory = Some(entered);
        let changes = CHANGES.load(Acquire).wrapping_add(1);
        CHANGES.store(changes, Release);
        set_followed(changes);
        Ok(())
    })
}

/// A path as the kernel takes it. To the kernel a name that begins with `#` is a device's, whatever
/// directory the proc stands in (`port/chan.c:namec`). To std such a name is relative like any
/// other, so that a path that was joined from harmless parts stays below its first one.
pub fn kernel_name(path: &Path) -> Cow<'_, [u8]> {
    match path.as_os_str().as_encoded_bytes() {
        name @ [b'#', ..] => Cow::Owned([b"./", name].concat()),
        name => Cow::Borrowed(name),
    }
}

/// Runs a call with a path as the kernel takes it. A relative one is looked up from the program's
/// directory.
pub fn with_name<T>(path: &Path, call: impl Fn(&CStr) -> io::Result<T>) -> io::Result<T> {
    if !path.is_absolute() {
        follow()?;
    }
    run_with_cstr(&kernel_name(path), &call)
}

/// The same, but a path that begins with `#` is a device's. For functions of `std::os::plan9` that
/// say so.
pub fn with_name_or_device<T>(path: &Path, call: impl Fn(&CStr) -> io::Result<T>) -> io::Result<T> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if bytes.starts_with(b"#") { run_with_cstr(bytes, &call) } else { with_name(path, call) }
}
