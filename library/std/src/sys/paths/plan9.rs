//! The working directory, the executable, and lists of paths, whose separator is a NUL as in rc's
//! lists.

pub mod cwd;

use plan9_abi::flags::open;

use crate::error::Error;
use crate::ffi::{OsStr, OsString};
use crate::path::{Path, PathBuf};
use crate::sys::fd::FileDesc;
use crate::sys::pal::small_cstr::SmallCStr;
use crate::sys::pal::{cvt, fd_name, os_string, proc_file};
use crate::sys::thread::per_proc;
use crate::{env, fmt, io, slice};

const SEPARATOR: u8 = 0;

fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(os_string(bytes.to_vec()))
}

pub fn getcwd() -> io::Result<PathBuf> {
    cwd::path_of(cwd::current()?.to_bytes())
}

pub fn chdir(path: &Path) -> io::Result<()> {
    cwd::enter(path)
}

pub struct SplitPaths<'a>(slice::Split<'a, u8, fn(&u8) -> bool>);

pub fn split_paths(unparsed: &OsStr) -> SplitPaths<'_> {
    fn separates(byte: &u8) -> bool {
        *byte == SEPARATOR
    }
    SplitPaths(unparsed.as_encoded_bytes().split(separates as fn(&u8) -> bool))
}

impl<'a> Iterator for SplitPaths<'a> {
    type Item = PathBuf;
    fn next(&mut self) -> Option<PathBuf> {
        self.0.next().map(path)
    }
}

#[derive(Debug)]
pub struct JoinPathsError;

pub fn join_paths<I, T>(paths: I) -> Result<OsString, JoinPathsError>
where
    I: Iterator<Item = T>,
    T: AsRef<OsStr>,
{
    let mut joined = Vec::new();
    for (at, path) in paths.enumerate() {
        let path = path.as_ref().as_encoded_bytes();
        if path.contains(&SEPARATOR) {
            return Err(JoinPathsError);
        }
        if at > 0 {
            joined.push(SEPARATOR);
        }
        joined.extend_from_slice(path);
    }
    Ok(os_string(joined))
}

impl fmt::Display for JoinPathsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("path segment contains the separator, a NUL")
    }
}

impl Error for JoinPathsError {}

/// The name by which the kernel knows the program's text: the channel that `/proc/N/text` gives is
/// the one that exec opened. Where it has none from the root, `/proc/N/text` itself can be opened
/// and run.
pub fn current_exe() -> io::Result<PathBuf> {
    let file = FileDesc::new(cvt(proc_file::open(per_proc::pid(), "text", open::READ))?);
    let mut name = vec![0; cwd::MAX_NAME];
    match fd_name(file.raw(), &mut name) {
        Some(name) if name.starts_with(b"/") => Ok(path(name)),
        _ => Ok(path(SmallCStr::new(format_args!("/proc/{}/text", per_proc::pid())).as_bytes())),
    }
}

pub fn temp_dir() -> PathBuf {
    PathBuf::from("/tmp")
}

pub fn home_dir() -> Option<PathBuf> {
    env::var_os("home").filter(|home| !home.is_empty()).map(PathBuf::from)
}
