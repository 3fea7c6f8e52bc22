//! Renaming: within a directory by wstat, for a file also to another directory.
//!
//! wstat changes the last element of a name and refuses one that is taken, where std promises that the target is
//! replaced. So the target is removed first, and between the two steps there is no file of that name; if the second
//! step fails, the source is still there. A file goes to another directory as a copy, under a name of its own until it
//! is complete, with mode and time of change; then it takes the target's name and the source is removed. If that last
//! step fails both are there, and the error says so. A directory cannot go to another directory: `CrossesDevices`.

use super::attr::{self, FileAttr};
use super::{dir, stat};
use crate::ffi::OsStr;
use crate::fs;
use crate::io::{self, ErrorKind};
use crate::os::plan9::ffi::OsStrExt;
use crate::path::Path;
use crate::sys::pal::directory::with_name;
use crate::sys::pal::private;
use plan9_abi::dir::Dir;
use plan9_abi::sys::file;

/// The target's directory, and its name there. `/`, `.` and `..` are no names: a server may take them, and then the file
/// is lost.
fn split(path: &Path) -> io::Result<(&Path, &OsStr)> {
    let last_is_dots = matches!(
        path.as_os_str().as_bytes().rsplit(|&byte| byte == b'/').find(|part| !part.is_empty()),
        None | Some(b"." | b"..")
    );
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if !last_is_dots => {
            Ok((if parent.as_os_str().is_empty() { Path::new(".") } else { parent }, name))
        }
        _ => Err(io::const_error!(
            ErrorKind::InvalidInput,
            "a rename must name its source and its target, not `/`, `.` or `..`",
        )),
    }
}

pub fn rename(old: &Path, new: &Path) -> io::Result<()> {
    let (from, _) = split(old)?;
    let (to, name) = split(new)?;
    let source = stat(old)?;
    if from == to || stat(from)?.is_same_file(&stat(to)?) {
        return within(old, &source, new, name);
    }
    if source.file_type().is_dir() {
        return Err(io::const_error!(
            ErrorKind::CrossesDevices,
            "Plan 9 cannot move a directory into another directory",
        ));
    }
    across(old, &source, new, to, name)
}

fn set_name(path: &Path, name: &OsStr) -> io::Result<()> {
    let changed = Dir { name: name.as_bytes(), ..Dir::UNCHANGED };
    with_name(path, |path| attr::change(&changed, |record| file::wstat(path, record)))
}

/// Gives a file another name in its directory, in the place of what has that name.
fn within(old: &Path, source: &FileAttr, new: &Path, name: &OsStr) -> io::Result<()> {
    let refused = match set_name(old, name) {
        Err(why) => why,
        done => return done,
    };
    let Ok(target) = stat(new) else { return Err(refused) };
    if target.is_same_file(source) {
        return Ok(());
    }
    match (source.file_type().is_dir(), target.file_type().is_dir()) {
        (true, false) => {
            return Err(io::const_error!(
                ErrorKind::NotADirectory,
                "a directory cannot take the place of a file",
            ));
        }
        (false, true) => {
            return Err(io::const_error!(
                ErrorKind::IsADirectory,
                "a file cannot take the place of a directory",
            ));
        }
        _ => {}
    }
    dir::remove(new)?;
    set_name(old, name)
}

/// Copies a file into another directory, and removes it here.
fn across(old: &Path, source: &FileAttr, new: &Path, to: &Path, name: &OsStr) -> io::Result<()> {
    let mut own_name = name.to_os_string();
    own_name.push(format!(".moving.{}", private::pid()));
    let copy = to.join(own_name);
    let moved =
        copy_whole(old, source, &copy).and_then(|()| within(&copy, &stat(&copy)?, new, name));
    if let Err(why) = moved {
        let _ = dir::remove(&copy);
        return Err(why);
    }
    dir::remove(old)
}

fn copy_whole(old: &Path, source: &FileAttr, copy: &Path) -> io::Result<()> {
    let mut reader = fs::File::open(old)?;
    let mut writer = fs::File::create_new(copy)?;
    io::copy(&mut reader, &mut writer)?;
    drop(writer);
    let changed = Dir { mode: source.mode, mtime: source.mtime, ..Dir::UNCHANGED };
    with_name(copy, |name| attr::change(&changed, |record| file::wstat(name, record)))
}
