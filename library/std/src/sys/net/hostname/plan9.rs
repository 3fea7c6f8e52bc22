//! The system's name, which `$sysname` holds a copy of.

use crate::ffi::OsString;
use crate::io;
use crate::os::plan9::ffi::OsStringExt;
use crate::sys::fd::FileDesc;
use crate::sys::pal::cvt;
use plan9_abi::flags::open;
use plan9_abi::sys::file;

pub fn hostname() -> io::Result<OsString> {
    let file = FileDesc::new(cvt(file::open(c"#c/sysname", open::READ | open::CEXEC))?);
    let mut name = vec![0; 256];
    let n = file.read(&mut name)?;
    name.truncate(n);
    Ok(OsString::from_vec(name))
}
