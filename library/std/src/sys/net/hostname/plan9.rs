//! The system's name, which `$sysname` holds a copy of.

use plan9_abi::flags::open;

use crate::ffi::OsString;
use crate::io;
use crate::sys::fd::FileDesc;
use crate::sys::pal::devices::open_device;
use crate::sys::pal::{cvt, os_string};

pub fn hostname() -> io::Result<OsString> {
    let mode = open::READ | open::CEXEC;
    let file = FileDesc::new(cvt(open_device(c"#c/sysname", c"/dev/sysname", mode))?);
    let mut name = vec![0; 256];
    let n = file.read(&mut name)?;
    name.truncate(n);
    Ok(os_string(name))
}
