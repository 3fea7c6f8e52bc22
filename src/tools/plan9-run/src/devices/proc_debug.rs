//! The files of a proc that debuggers read and write: memory, registers, floating point (man 3/proc).

use super::{bytes, count, part};
use crate::dev::{Error, Pid, Result, Started, error};
use crate::kernel::Kernel;

/// `port/devproc.c`: the low 63 bits of an offset are an address.
const ADDRESS: u64 = u64::MAX >> 1;

/// The files, and the permissions of those that do not follow the proc's own mode.
pub const FILES: &[(&str, u32)] = &[
    ("fpregs", 0o000),
    ("mem", 0o000),
    ("notefpregs", 0o000),
    ("profile", 0o400),
    ("regs", 0o000),
    ("watchpt", 0o600),
];

/// Whether a file of that name is one of ours.
pub fn has(name: &str) -> bool {
    FILES.iter().any(|&(file, _)| file == name)
}

fn done<T>(result: Result<T>, answer: impl FnOnce(T) -> Started) -> Started {
    match result {
        Ok(value) => answer(value),
        Err(why) => Started::Done(Err(why)),
    }
}

/// A read of file `name` of proc `of`.
pub fn read(k: &Kernel, of: Pid, name: &str, n: usize, offset: u64) -> Started {
    match name {
        "mem" => done(k.debug_read(of, offset & ADDRESS, n), bytes),
        "regs" => done(k.ureg_image(of), |image| part(&image, n, offset)),
        "fpregs" => done(k.fp_image(of), |state| part(&state, n, offset)),
        "notefpregs" => done(k.note_fp_image(of), |state| part(&state, n, offset)),
        // No watchpoint was accepted.
        "watchpt" => bytes(Vec::new()),
        _ => Started::Done(Err(error("profile is off"))),
    }
}

/// A write to it.
pub fn write(k: &mut Kernel, of: Pid, name: &str, data: &[u8], offset: u64) -> Started {
    let place = usize::try_from(offset).unwrap_or(usize::MAX);
    let written = match name {
        "mem" => k.debug_write(of, offset & ADDRESS, data),
        "regs" => k.set_ureg_image(of, place, data),
        "fpregs" => k.set_fp_image(of, place, data),
        "watchpt" => watchpoints(data),
        _ => Err(error("permission denied")),
    };
    done(written, count)
}

/// Lines `TYPE ADDRESS LENGTH`. This machine keeps none: a right one is refused as the kernel refuses one too many.
fn watchpoints(data: &[u8]) -> Result<usize> {
    const WRONG: Error = error("wrong number of fields");
    for line in data.split(|&b| b == b'\n') {
        let fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
        match fields.count() {
            0 => {}
            3 => return Err(error("there are not enough debug registers")),
            _ => return Err(WRONG),
        }
    }
    Ok(data.len())
}
