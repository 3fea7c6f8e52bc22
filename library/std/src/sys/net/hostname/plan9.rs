//! The system's name, which `$sysname` holds a copy of.

use crate::ffi::OsString;
use crate::io;
use crate::os::plan9::ffi::OsStringExt;
use crate::sys::fd::FileDesc;
use crate::sys::pal::cvt;
use crate::sys::pal::devices::open_device;
use plan9_abi::flags::open;

pub fn hostname() -> io::Result<OsString> {
    let mode = open::READ | open::CEXEC;
    let file = FileDesc::new(cvt(open_device(c"#c/sysname", c"/dev/sysname", mode))?);
    let mut name = vec![0; 256];
    let n = file.read(&mut name)?;
    name.truncate(n);
    Ok(OsString::from_vec(name))
}
