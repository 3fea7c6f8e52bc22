//! The files of a proc, and programs executed from them.

use super::tell;
use conformance::family::{SEM, ctl, fork, me, notify, over, result, start};
use conformance::text::Long;
use conformance::{argument, raw, say};
use core::ffi::{CStr, c_char};
use core::fmt::Write;
use plan9_abi::flags::{open, rfork};
use plan9_abi::sys::{file, process, sync};
use plan9_abi::sysno;

fn name(of: &str) -> Long {
    Long::new(format_args!("/proc/{}/{of}", me()))
}

/// What a file of this proc holds.
fn text(of: &str, buffer: &mut [u8]) -> usize {
    let fd = file::open(name(of).as_c_str(), open::READ).unwrap_or(-1);
    let n = file::read(fd, buffer).unwrap_or(0);
    let _ = file::close(fd);
    n
}

fn string(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or("?")
}

/// What the probe does when [`run`] executes it as `zero`.
pub fn executed() {
    let mut buffer = [0; 100];
    let n = text("args", &mut buffer);
    let zero = argument(0).and_then(|text| text.to_str().ok()).unwrap_or("?");
    say!("argv[0] '{zero}', args '{}'", string(&buffer[..n]));
    process::exits(Some(c"so"))
}

fn exec(arguments: &[&CStr]) {
    let mut argv: [*const c_char; 8] = [core::ptr::null(); 8];
    for (slot, argument) in argv.iter_mut().zip(arguments) {
        *slot = argument.as_ptr();
    }
    // SAFETY: strings with a NUL, the last pointer null.
    let _ = unsafe { process::exec(name("text").as_c_str(), argv.as_ptr()) };
    process::exits(Some(c"exec failed"))
}

pub fn run() {
    let mut buffer = [0; 8191];
    let n = text("status", &mut buffer);
    let status = &buffer[..n.max(68)];
    let mut line = Long::new(format_args!(
        "status: {n} bytes, ends with a newline: {}; name '{}', state '{}', then numbers that end at",
        if status[n.max(1) - 1] == b'\n' { "yes" } else { "no" },
        string(&status[..28]),
        string(&status[56..68]),
    ));
    for place in 68..n {
        if status[place] <= b' ' && status[place - 1] > b' ' {
            let _ = write!(line, " {place}");
        }
    }
    say!("{line}");
    fork(|| exec(&[c"zero", c"one", c"t w o", c"", c"it's"]));
    over(format_args!("exec of /proc/N/text"));
    fork(|| {
        notify(Some(tell));
        let _ = process::alarm(500);
        exec(&[c"sleep"]);
    });
    over(format_args!("exec with an alarm set"));
    ctl(me(), "args", b"set by us");
    let n = text("args", &mut buffer[..100]);
    say!("args after a write to it: '{}'", string(&buffer[..n]));
    let _ = file::dup(1, 30);
    result("ctl close 30", ctl(me(), "ctl", b"close 30"));
    let at = buffer.as_mut_ptr() as usize;
    result("fstat of 30", raw(sysno::FSTAT, [30, at, buffer.len(), 0, 0]));
    start(rfork::MEM, || ());
    let n = text("segment", &mut buffer);
    let mut line = Long::new(format_args!("segment, with one RFMEM child:"));
    for segment in buffer[..n].split(|&b| b == b'\n').filter(|line| line.len() > 10) {
        let (kind, flags, users) = (&segment[..6], &segment[7..9], &segment[segment.len() - 4..]);
        let _ = write!(line, " '{}' '{}' refs '{}',", string(kind), string(flags), string(users));
    }
    let length = buffer[..n].iter().position(|&b| b == b'\n').map_or(0, |end| end + 1);
    say!("{line} line length {length}");
    let _ = sync::semrelease(&SEM, 1);
    over(format_args!("that child"));
}
