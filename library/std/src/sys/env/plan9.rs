//! The environment: the files of `/env`, which a program shares with its parent if that wants it
//! so.
//!
//! A variable is changed by truncating its file and writing it anew. So that no other thread of the
//! program meets the file in between, changes are made under [`LOCK`], which readers share. Another
//! program of the same environment group still can.
//!
//! A value is the file's bytes. rc writes lists with a NUL behind each word; one NUL at the end is
//! left away here, and those between words stay, as `std::env::split_paths` expects them.

use plan9_abi::dir::Dir;
use plan9_abi::flags::open;
use plan9_abi::sys::file;

pub use super::common::Env;
use crate::ffi::{CStr, CString, OsStr, OsString};
use crate::io;
use crate::sync::nonpoison::{RwLock, RwLockReadGuard};
use crate::sys::fd::FileDesc;
use crate::sys::pal::errstr::retry;
use crate::sys::pal::{cvt_r, os_string};

/// Where the variables are, and the kernel's device for a name space that has no such directory.
const DIRECTORY: &CStr = c"/env";
const DEVICE: &CStr = c"#e";

/// Held by whoever changes a variable; shared by whoever reads one and by a fork that copies them.
static LOCK: RwLock<()> = RwLock::new(());

/// Keeps other threads from changing variables until it is dropped.
pub fn read_lock() -> RwLockReadGuard<'static, ()> {
    LOCK.read()
}

/// Changes the environment.
fn changed<T>(change: impl FnOnce() -> T) -> T {
    let _guard = LOCK.write();
    change()
}

/// Makes a call on a file of the environment. Where it is not found, the kernel's device is tried,
/// but only if there is no `/env`: what a name space hides stays hidden.
fn on_file<T>(name: &[u8], call: impl Fn(&CStr) -> io::Result<T>) -> io::Result<T> {
    let result = call(&file_of(DIRECTORY, name)?);
    match &result {
        Err(why) if why.kind() == io::ErrorKind::NotFound && !has_directory() => {
            call(&file_of(DEVICE, name)?)
        }
        _ => result,
    }
}

fn has_directory() -> bool {
    // Room for the count alone: the record is not wanted.
    let mut record = [0; 2];
    retry(|| file::stat(DIRECTORY, &mut record)).is_ok()
}

/// The file of a variable in the kernel's device, whatever the name space has at `/env`.
pub fn device_file(name: &OsStr) -> io::Result<CString> {
    file_of(DEVICE, name.as_encoded_bytes())
}

fn file_of(directory: &CStr, name: &[u8]) -> io::Result<CString> {
    if matches!(name, b"" | b"." | b"..") || name.contains(&b'/') || name.contains(&0) {
        return Err(io::const_error!(
            io::ErrorKind::InvalidInput,
            "not the name of an environment variable",
        ));
    }
    Ok(CString::new([directory.to_bytes(), b"/", name].concat())?)
}

/// What a variable holds, or the records of the directory, of which a read gives whole ones.
fn read_all(name: &CStr) -> io::Result<Vec<u8>> {
    let fd = FileDesc::new(cvt_r(|| file::open(name, open::READ | open::CEXEC))?);
    let mut all = Vec::new();
    let mut buf = [0; 8192];
    loop {
        match cvt_r(|| file::read(fd.raw(), &mut buf))? {
            0 => return Ok(all),
            n => all.extend_from_slice(&buf[..n]),
        }
    }
}

fn value(name: &[u8]) -> Option<OsString> {
    let mut value = on_file(name, read_all).ok()?;
    value.pop_if(|last| *last == 0);
    Some(os_string(value))
}

/// Every variable. One that cannot be read is left out, as one that is removed meanwhile is.
pub fn env() -> Env {
    let _guard = read_lock();
    let records = read_all(if has_directory() { DIRECTORY } else { DEVICE }).unwrap_or_default();
    let mut variables = Vec::new();
    let mut rest = &records[..];
    while let Some((dir, behind)) = Dir::parse(rest) {
        if let Some(value) = value(dir.name) {
            variables.push((os_string(dir.name.to_vec()), value));
        }
        rest = behind;
    }
    Env::new(variables)
}

pub fn getenv(name: &OsStr) -> Option<OsString> {
    let _guard = read_lock();
    value(name.as_encoded_bytes())
}

pub unsafe fn setenv(name: &OsStr, value: &OsStr) -> io::Result<()> {
    changed(|| {
        let fd = on_file(name.as_encoded_bytes(), |file| {
            cvt_r(|| file::create(file, open::WRITE | open::CEXEC, 0o666))
        })?;
        let fd = FileDesc::new(fd);
        let mut rest = value.as_encoded_bytes();
        while !rest.is_empty() {
            rest = &rest[cvt_r(|| file::write(fd.raw(), rest))?..];
        }
        Ok(())
    })
}

/// Removing what is not there is no error.
pub unsafe fn unsetenv(name: &OsStr) -> io::Result<()> {
    let removed = changed(|| on_file(name.as_encoded_bytes(), |file| cvt_r(|| file::remove(file))));
    match removed {
        Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why),
        _ => Ok(()),
    }
}
