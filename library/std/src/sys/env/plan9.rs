//! The environment: the files of `/env`, which a program shares with its parent unless it was forked otherwise.
//!
//! A value is the file's bytes. rc writes lists with a NUL behind each word; one NUL at the end is left away here, and
//! those between words stay, as `std::env::split_paths` expects them.

pub use super::common::Env;
use crate::ffi::{CString, OsStr, OsString};
use crate::io;
use crate::os::plan9::ffi::{OsStrExt, OsStringExt};
use crate::sys::pal::cvt_r;
use crate::sys::pal::errstr::unbroken;
use plan9_abi::dir::Dir;
use plan9_abi::flags::open;
use plan9_abi::sys::{Result, file};

/// A file of `/env`; `None` for a name that no file can have.
fn path(name: &[u8]) -> Option<CString> {
    if name.is_empty() || name.contains(&b'/') || name == b"." || name == b".." {
        return None;
    }
    CString::new([b"/env/", name].concat()).ok()
}

fn read_all(fd: i32) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut buf = [0; 8192];
    loop {
        match unbroken(|| file::read(fd, &mut buf))? {
            0 => return Ok(all),
            n => all.extend_from_slice(&buf[..n]),
        }
    }
}

fn with_file<T>(name: &CString, mode: u32, work: impl FnOnce(i32) -> Result<T>) -> Result<T> {
    let fd = unbroken(|| file::open(name, mode | open::CEXEC))?;
    let result = work(fd);
    let _ = file::close(fd);
    result
}

fn value(name: &[u8]) -> Option<OsString> {
    let mut value = with_file(&path(name)?, open::READ, read_all).ok()?;
    value.pop_if(|last| *last == 0);
    Some(OsString::from_vec(value))
}

/// Every variable. One that cannot be read is left out, as one that is removed meanwhile is.
pub fn env() -> Env {
    let records = with_file(&CString::from(c"/env"), open::READ, read_all).unwrap_or_default();
    let mut variables = Vec::new();
    let mut rest = &records[..];
    while let Some((dir, behind)) = Dir::parse(rest) {
        if let Some(value) = value(dir.name) {
            variables.push((OsString::from_vec(dir.name.to_vec()), value));
        }
        rest = behind;
    }
    Env::new(variables)
}

pub fn getenv(name: &OsStr) -> Option<OsString> {
    value(name.as_bytes())
}

fn invalid() -> io::Error {
    io::const_error!(io::ErrorKind::InvalidInput, "not the name of an environment variable")
}

pub unsafe fn setenv(name: &OsStr, value: &OsStr) -> io::Result<()> {
    let path = path(name.as_bytes()).ok_or_else(invalid)?;
    let fd = cvt_r(|| file::create(&path, open::WRITE | open::CEXEC, 0o666))?;
    let mut rest = value.as_bytes();
    let mut result = Ok(());
    while !rest.is_empty() {
        match cvt_r(|| file::write(fd, rest)) {
            Ok(n) => rest = &rest[n..],
            Err(error) => {
                result = Err(error);
                break;
            }
        }
    }
    let _ = file::close(fd);
    result
}

/// Removing what is not there is no error.
pub unsafe fn unsetenv(name: &OsStr) -> io::Result<()> {
    let path = path(name.as_bytes()).ok_or_else(invalid)?;
    match cvt_r(|| file::remove(&path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
