//! `fresh DIRECTORY PROGRAM ARGS...`: gives the program an empty tree in memory at the directory, by 9front's ramfs
//! where the machine has one, and becomes it. The name space must be this program's own.
//!
//! The folder in which both lie, which is the working directory, may be behind that tree afterwards: it is bound where
//! it stays in sight first, so that the program finds its own file by its name.

use plan9_abi::sys::process;
use std::env;
use std::ffi::{CString, c_char};
use std::fs;
use std::io::{self, ErrorKind};
use std::os::plan9::fs::PermissionsExt;
use std::os::plan9::namespace::{self, Union};
use std::process::{Command, Stdio};
use std::ptr;

const RAMFS: &str = "/bin/ramfs";
/// Folders that stay in sight, of which a machine has one.
const IN_SIGHT: [&str; 3] = ["/n/temp", "/n", "/mnt"];
/// In the working directory, in the place of a ramfs.
const STAND_IN: &str = "fresh.tmp";

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [directory, program, rest @ ..] = &args[..] else {
        return Err(io::Error::new(ErrorKind::InvalidInput, "fresh DIRECTORY PROGRAM ARGS..."));
    };
    let here = env::current_dir()?;
    let seen = IN_SIGHT.into_iter().find(|folder| fs::metadata(folder).is_ok());
    let seen = seen.ok_or_else(|| io::Error::new(ErrorKind::NotFound, IN_SIGHT.join(", ")))?;
    if fs::metadata(RAMFS).is_ok() {
        namespace::bind(&here, seen, Union::Replace, true)?;
        // It returns when it is mounted. What it holds open must not be this program's streams, whose ends somebody
        // waits for.
        let mut ramfs = Command::new(RAMFS);
        ramfs.args(["-m", directory]).stdin(Stdio::null()).stdout(Stdio::null());
        let status = ramfs.stderr(Stdio::null()).status()?;
        if !status.success() {
            return Err(io::Error::other(format!("{RAMFS} -m {directory}: {status}")));
        }
    } else {
        fs::create_dir_all(STAND_IN)?;
        // What is made in a folder gets no more permissions than that has.
        fs::set_permissions(STAND_IN, fs::Permissions::from_mode(0o777))?;
        namespace::bind(&here, seen, Union::Replace, true)?;
        namespace::bind(format!("{seen}/{STAND_IN}"), directory, Union::Replace, true)?;
    }
    env::set_current_dir(directory)?;
    let name = CString::new(format!("{seen}/{program}"))?;
    let args: Vec<CString> =
        rest.iter().map(|arg| CString::new(arg.as_str())).collect::<Result<_, _>>()?;
    let mut list: Vec<*const c_char> = vec![name.as_ptr()];
    list.extend(args.iter().map(|arg| arg.as_ptr()));
    list.push(ptr::null());
    // SAFETY: the list ends with a null pointer, and all that it points to lives until the call is over.
    unsafe { process::exec(&name, list.as_ptr()) }
        .map_err(|why| io::Error::other(format!("{name:?} cannot be started: {why:?}")))
}
