//! Renaming: within a directory by wstat, for a file also to another directory.
//!
//! wstat changes the last element of a name and refuses one that is taken, where std promises that
//! the target is replaced. So there are three steps: the target gets a name of this program's own,
//! the source takes the target's name, and the target is removed. If one fails, those before it are
//! undone. What both files hold has a name at every moment; between the first two steps there is no
//! file of the target's name.
//!
//! A file goes to another directory as a copy, under a name of its own until it is complete; then
//! it takes the target's name and the source is removed. If that last step fails both are there,
//! and the error says so. A directory cannot go to another directory: `CrossesDevices`.
//!
//! The time of change is given with the name, for a server may set it at every wstat that does not
//! say it (`cmd/ramfs.c:fswstat`). The name may be changed by whoever may write in the directory,
//! the time and the mode by the file's owner alone (man 5/stat). So if the server refuses them
//! together, the name is asked for alone.

use plan9_abi::dir::Dir;
use plan9_abi::flags::mode;
use plan9_abi::sys::file;

use super::again::again;
use super::attr::FileAttr;
use super::dir::{IS_A_DIRECTORY, NOT_A_DIRECTORY};
use super::file::File;
use super::open::OpenOptions;
use super::{attr, dir, stat};
use crate::ffi::{OsStr, OsString};
use crate::io::ErrorKind;
use crate::path::{Path, PathBuf};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sys::FromInner;
use crate::sys::paths::cwd::with_name;
use crate::sys::thread::per_proc;
use crate::{fs, io};

/// How often names are tried that others take or give up meanwhile.
const TRIES: usize = 100;

/// A name in its directory.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a Path,
    directory: &'a Path,
    name: &'a OsStr,
}

impl<'a> Place<'a> {
    /// `/`, `.` and `..` are no names: a server may take them, and then the file is lost.
    fn of(path: &'a Path) -> io::Result<Place<'a>> {
        let last_is_dots = matches!(
            path.as_os_str()
                .as_encoded_bytes()
                .rsplit(|&byte| byte == b'/')
                .find(|part| !part.is_empty()),
            None | Some(b"." | b"..")
        );
        match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) if !last_is_dots => {
                let here = parent.as_os_str().is_empty();
                let directory = if here { Path::new(".") } else { parent };
                Ok(Place { path, directory, name })
            }
            _ => Err(io::const_error!(
                ErrorKind::InvalidInput,
                "a rename must name its source and its target, not `/`, `.` or `..`",
            )),
        }
    }
}

pub fn rename(old: &Path, new: &Path) -> io::Result<()> {
    let (from, to) = (Place::of(old)?, Place::of(new)?);
    let source = stat(old)?;
    let is_dir = source.file_type().is_dir();
    if !is_dir && new.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(NOT_A_DIRECTORY);
    }
    if from.directory == to.directory || stat(from.directory)?.is_same_file(&stat(to.directory)?) {
        return within(from, &source, to, false);
    }
    if is_dir {
        return Err(io::const_error!(
            ErrorKind::CrossesDevices,
            "Plan 9 cannot move a directory into another directory",
        ));
    }
    across(from, &source, to)
}

/// A name that no other program chooses, of a fixed length, for servers have a longest one.
fn own_name() -> OsString {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    OsString::from(format!(".rename.{}.{}", per_proc::pid(), COUNT.fetch_add(1, Relaxed)))
}

/// One wstat of a rename. After a note the name may have been given, and the old one be gone.
fn give(from: Place<'_>, attr: &FileAttr, to: Place<'_>, changed: Dir<'_>) -> io::Result<()> {
    let changed = Dir { name: to.name.as_encoded_bytes(), ..changed };
    let mut record = vec![0; changed.size()];
    let Some(_) = changed.write(&mut record) else {
        return Err(attr::NAME_TOO_LONG);
    };
    with_name(from.path, |name| {
        again(
            || file::wstat(name, &record),
            |why| match stat(to.path) {
                Ok(there) if there.is_same_file(attr) => Ok(()),
                _ => Err(why),
            },
        )
    })
}

/// Gives a file a name that is free, and with it its time of change, and where asked for its mode.
fn set_name(from: Place<'_>, attr: &FileAttr, to: Place<'_>, with_mode: bool) -> io::Result<()> {
    let mode = if with_mode { attr.mode } else { Dir::UNCHANGED.mode };
    match give(from, attr, to, Dir { mtime: attr.mtime, mode, ..Dir::UNCHANGED }) {
        Err(why) if !matches!(why.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) => {}
        done => return done,
    }
    if with_mode {
        let changed = Dir { mode, ..Dir::UNCHANGED };
        let _ =
            with_name(from.path, |name| attr::change(&changed, |record| file::wstat(name, record)));
    }
    give(from, attr, to, Dir::UNCHANGED)
}

/// Gives a file another name in its directory, in the place of what has that name.
fn within(from: Place<'_>, source: &FileAttr, to: Place<'_>, with_mode: bool) -> io::Result<()> {
    let mut last = io::Error::from(ErrorKind::ResourceBusy);
    for _ in 0..TRIES {
        let refused = match set_name(from, source, to, with_mode) {
            Err(why) => why,
            done => return done,
        };
        let Ok(target) = stat(to.path) else { return Err(refused) };
        if target.is_same_file(source) {
            return Ok(());
        }
        check_kinds(source, &target, to.path)?;
        let aside = match put_aside(to, &target) {
            Ok(aside) => aside,
            // Another program has renamed or removed it.
            Err(why) if why.kind() == ErrorKind::NotFound => {
                last = why;
                continue;
            }
            Err(why) => return Err(why),
        };
        let aside = Place { path: &aside, ..Place::of(&aside)? };
        if let Err(why) = set_name(from, source, to, with_mode) {
            if stat(to.path).is_ok() {
                // Another program has given the name to a file, in the place of the target.
                let _ = dir::remove(aside.path);
                last = why;
                continue;
            }
            return Err(undone(set_name(aside, &target, to, false), why, aside.path));
        }
        return match dir::remove(aside.path) {
            Err(why) if why.kind() != ErrorKind::NotFound => {
                let back = set_name(to, source, from, false);
                let back = back.and_then(|()| set_name(aside, &target, to, false));
                Err(undone(back, why, aside.path))
            }
            _ => Ok(()),
        };
    }
    Err(last)
}

/// What may take the place of what, as elsewhere.
fn check_kinds(source: &FileAttr, target: &FileAttr, path: &Path) -> io::Result<()> {
    match (source.file_type().is_dir(), target.file_type().is_dir()) {
        (true, false) => Err(NOT_A_DIRECTORY),
        (false, true) => Err(IS_A_DIRECTORY),
        (true, true) if dir::readdir(path)?.next().is_some() => {
            Err(io::const_error!(ErrorKind::DirectoryNotEmpty, "directory not empty"))
        }
        _ => Ok(()),
    }
}

/// Gives the target of a rename a name of this program's own; the path to it.
fn put_aside(target: Place<'_>, attr: &FileAttr) -> io::Result<PathBuf> {
    let mut tries = 0;
    loop {
        let path = target.directory.join(own_name());
        tries += 1;
        match set_name(target, attr, Place::of(&path)?, false) {
            // Left behind by a program of the same number.
            Err(_) if tries < TRIES && stat(&path).is_ok() => {}
            done => return done.map(|()| path),
        }
    }
}

/// The error of a rename whose first steps have been undone, or could not be.
fn undone(back: io::Result<()>, why: io::Error, aside: &Path) -> io::Error {
    match back {
        Ok(()) => why,
        Err(_) => io::Error::new(
            why.kind(),
            format!("{why}; what was to be replaced is now {}", aside.display()),
        ),
    }
}

/// Copies a file into another directory, and removes it here.
fn across(from: Place<'_>, source: &FileAttr, to: Place<'_>) -> io::Result<()> {
    let (copy, attr) = copy_whole(from, source, to.directory)?;
    if let Err(why) = Place::of(&copy).and_then(|copy| within(copy, &attr, to, true)) {
        let _ = dir::remove(&copy);
        return Err(why);
    }
    dir::remove(from.path)
}

/// The copy, and its record with the source's mode and time. Whoever may not read the source may
/// not read the copy at any moment.
fn copy_whole(from: Place<'_>, source: &FileAttr, to: &Path) -> io::Result<(PathBuf, FileAttr)> {
    let mut reader = fs::File::open(from.path)?;
    let mut options = OpenOptions::new();
    options.write(true);
    options.create_new(true);
    options.mode(source.mode & !mode::DIR);
    let mut tries = 0;
    let (path, writer) = loop {
        let path = to.join(own_name());
        tries += 1;
        match File::open(&path, &options) {
            Ok(writer) => break (path, writer),
            Err(why) if tries == TRIES => return Err(why),
            Err(why) if why.kind() == ErrorKind::AlreadyExists => {}
            // The name is nobody else's.
            Err(why) if why.is_interrupted() => drop(dir::remove(&path)),
            Err(why) => return Err(why),
        }
    };
    let copied = writer.file_attr().and_then(|attr| {
        io::copy(&mut reader, &mut fs::File::from_inner(writer))?;
        Ok(FileAttr { mode: source.mode, mtime: source.mtime, ..attr })
    });
    match copied {
        Ok(attr) => Ok((path, attr)),
        Err(why) => {
            let _ = dir::remove(&path);
            Err(why)
        }
    }
}
