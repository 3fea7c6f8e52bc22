//! Error strings: whole where a thread asks for its last, with the kind and the bare text in an `io::Error`; each thread
//! has its own, and a call that succeeds leaves it.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::plan9::errstr::{self, ErrorExt};
use std::thread::Builder;

fn main() {
    // The kernel's own files: a file server has words of its own.
    let why = File::open("/env/nothing here").unwrap_err();
    println!("{why}: {:?} {:?}", why.kind(), why.errstr());
    println!("{}", errstr::last());
    println!("{:?}", io::Error::last_os_error().kind());

    // A call that succeeds says nothing.
    fs::metadata("/env").unwrap();
    println!("{}", errstr::last());
    // With a stack size it need not look into the environment.
    let other = Builder::new().stack_size(1 << 20).spawn(|| {
        let before = errstr::last();
        let why = fs::write("/proc/1/nothing", "").unwrap_err();
        (before, why.kind(), errstr::last())
    });
    println!("{:?}", other.unwrap().join().unwrap());
    println!("{}", errstr::last());

    // As a file server says it, and as a program does.
    errstr::set("phase error -- directory entry not allocated");
    let why = io::Error::last_os_error();
    println!("{why} {:?}", why.kind());
    let same = errstr::error("phase error -- directory entry not allocated");
    println!("{}", same.raw_os_error() == why.raw_os_error());
    let why = errstr::error("connection refused");
    println!("{:?} {:?}", why.kind(), why.errstr());
    println!("{:?}", io::Error::from(ErrorKind::NotFound).errstr());
    errstr::set(&"é".repeat(100));
    println!("{}", errstr::last().len());
}
