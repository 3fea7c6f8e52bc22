//! From a fork to the program's first instruction.
//!
//! The child is a copy of the whole program with one thread, made without RFMEM: it must take no
//! lock and no memory, for another thread may have held the heap at the fork. So everything it
//! needs is made before, and it makes system calls alone. What goes wrong it says through a pipe
//! that exec closes: an end without a word is success.
//!
//! The note handler comes with the copy, and so does what it knows: who watches notes, whether the
//! program ends. None of it is the child's, where a note is to do what it does to a program that
//! asked for none. So a private word, which the child has a copy of from its first instruction on,
//! says that the proc may be one ([`PrivateWords::launching`]).

use plan9_abi::errors::Kind;
use plan9_abi::flags::{bind, open, rfork};
use plan9_abi::layout::ERRMAX;
use plan9_abi::sys::error::until_nul;
use plan9_abi::sys::{Result, error, file, process};

use crate::ffi::{CStr, CString, c_char};
use crate::io;
use crate::sys::env;
use crate::sys::fd::FileDesc;
use crate::sys::io::codes;
use crate::sys::pal::{cvt, errstr};
use crate::sys::paths::cwd;
use crate::sys::pipe::{NOT_WHILE_FORKING, pipe};
use crate::sys::thread::per_proc;

/// What a standard descriptor of the child is.
pub enum Stream {
    /// The parent's descriptor of this number.
    Inherited(i32),
    Own(FileDesc),
}

/// A file of `/env` with what it is to hold; `None`: it is to go.
pub type Variable = (CString, Option<Vec<u8>>);

/// What is to be seen of the name space elsewhere: `new` at `old` (man 2/bind).
pub struct Bind {
    pub new: CString,
    pub old: CString,
    pub flags: u32,
}

/// Everything the child needs.
pub struct Image {
    /// Where the program may be, in the order in which it is tried.
    pub programs: Vec<CString>,
    pub args: Vec<CString>,
    /// Flags of rfork beside those that every child has.
    pub groups: u32,
    /// `/env` is to show the child's own variables and nothing else.
    pub hides_other_variables: bool,
    pub variables: Vec<Variable>,
    pub binds: Vec<Bind>,
    /// Devices are no longer to be named, once all is bound.
    pub no_devices: bool,
    pub directory: Option<CString>,
    pub streams: [Stream; 3],
}

/// Forks and runs the program; its pid once it has begun.
pub fn launch(image: Image) -> io::Result<u32> {
    let mut argv: Vec<*const c_char> = image.args.iter().map(|arg| arg.as_ptr()).collect();
    argv.push(crate::ptr::null());
    let (reader, writer) = pipe()?;
    // The child starts where this thread stands.
    cwd::follow()?;
    // The child's copy of the environment must hold no variable that is half written.
    let variables = env::read_lock();
    let lock = NOT_WHILE_FORKING.lock();
    let words = per_proc::words();
    // SAFETY: this proc's own words. Without RFMEM the child has a copy of this stack too.
    let pid = unsafe {
        (&raw mut (*words).launching).write_volatile(1);
        process::rfork(rfork::PROC | rfork::FDG | rfork::REND | image.groups)
    };
    if pid == Ok(0) {
        let mut why = become_program(&image, &argv);
        let len = until_nul(&why).len().max(1);
        let _ = file::write(writer.raw(), &why[..len]);
        why[len.min(ERRMAX - 1)] = 0;
        process::exits(CStr::from_bytes_until_nul(&why).ok());
    }
    let pid = cvt(pid);
    // SAFETY: this proc's own words.
    unsafe { (&raw mut (*words).launching).write_volatile(0) };
    drop(lock);
    drop(variables);
    let pid = pid?;
    drop(writer);
    drop(image);
    let mut why = Vec::new();
    reader.read_to_end(&mut why)?;
    if why.is_empty() {
        return Ok(pid as u32);
    }
    let _ = process::await_child(&mut [0; ERRMAX]);
    Err(io::Error::from_raw_os_error(codes::code_of(until_nul(&why))))
}

/// In the child: returns only if something failed, the error string of what did.
///
/// The search goes on where a candidate is missing, cannot be reached or may not be run. If none
/// runs, the first refusal is told, for it says more than that another candidate is missing.
fn become_program(image: &Image, argv: &[*const c_char]) -> [u8; ERRMAX] {
    if rfork_options(image).is_err() {
        return error::take();
    }
    let (mut refusal, mut missing, mut not_reached) = (None, None, None);
    for program in &image.programs {
        // SAFETY: strings that end in a NUL, and a null pointer behind them.
        let _ = unsafe { process::exec(program, argv.as_ptr()) };
        let means = errstr::last_error_is_kind;
        if means(Kind::NotFound) {
            missing.get_or_insert(error::take());
        } else if means(Kind::NotADirectory) {
            not_reached.get_or_insert(error::take());
        } else if means(Kind::PermissionDenied) || means(Kind::IsADirectory) {
            refusal.get_or_insert(error::take());
        } else {
            return error::take();
        }
    }
    refusal.or(missing).or(not_reached).unwrap_or_else(error::take)
}

/// Everything but the program itself.
fn rfork_options(image: &Image) -> Result<()> {
    streams(&image.streams)?;
    for (name, value) in &image.variables {
        set(name, value.as_deref())?;
    }
    if image.hides_other_variables {
        // A name space without `/env` has nothing to hide.
        let _ = file::bind(c"#e", c"/env", bind::REPL | bind::CREATE);
    }
    for bind in &image.binds {
        file::bind(&bind.new, &bind.old, bind.flags)?;
    }
    if image.no_devices {
        // SAFETY: the proc's own name space changes, and no proc is made.
        unsafe { process::rfork(rfork::NOMNT) }?;
    }
    image.directory.as_deref().map_or(Ok(()), file::chdir)
}

fn set(name: &CStr, value: Option<&[u8]>) -> Result<()> {
    let Some(value) = value else {
        // What is not there need not go.
        let _ = file::remove(name);
        return Ok(());
    };
    let fd = file::create(name, open::WRITE | open::CEXEC, 0o666)?;
    let written = if value.is_empty() { Ok(0) } else { file::write(fd, value) };
    let _ = file::close(fd);
    written.map(drop)
}

/// Puts the streams at 0, 1 and 2. What comes from one of these is moved out of the way first.
fn streams(streams: &[Stream; 3]) -> Result<()> {
    let mut from = [0; 3];
    for (at, stream) in (0..).zip(streams) {
        from[at as usize] = match stream {
            Stream::Inherited(fd) if *fd == at => at,
            Stream::Inherited(fd) => above(*fd)?,
            Stream::Own(fd) if fd.raw() < 3 => above(fd.raw())?,
            Stream::Own(fd) => fd.raw(),
        };
    }
    for (at, &fd) in (0..).zip(&from) {
        if fd != at {
            file::dup(fd, at)?;
        }
    }
    // Copies are not closed by exec; the streams' own descriptors are.
    for (stream, &fd) in streams.iter().zip(&from) {
        let copied = !matches!(stream, Stream::Own(own) if own.raw() == fd);
        if copied && fd > 2 {
            let _ = file::close(fd);
        }
    }
    Ok(())
}

/// A copy of a descriptor that is none of the first three.
fn above(fd: i32) -> Result<i32> {
    let copy = file::dup(fd, -1)?;
    if copy > 2 {
        return Ok(copy);
    }
    let higher = above(fd);
    let _ = file::close(copy);
    higher
}
