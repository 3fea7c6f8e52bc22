//! Processes, their files, and the files of the console and of the environment.

use super::{close, create, e, one, open, put, write};
use conformance::family::{ctl, fork, me};
use conformance::text::{Long, number};
use conformance::{raw, say};
use core::ffi::CStr;
use plan9_abi::flags::open::{READ, WRITE};
use plan9_abi::flags::rfork;
use plan9_abi::sys::process;
use plan9_abi::sysno;

fn read_own(name: &str) -> i64 {
    let name = Long::new(format_args!("/proc/{}/{name}", me()));
    super::fds::read(open(name.as_c_str(), READ), 8)
}

fn wait_for(pid: i64) {
    let mut record = [0; 512];
    while process::await_child(&mut record).is_ok_and(|_| number(&record) != pid) {}
}

fn in_ctl(text: &[u8]) -> i64 {
    ctl(me(), "ctl", text)
}

pub fn run() {
    say!("-- processes");
    let mut buffer = [0u8; 512];
    let args = [buffer.as_mut_ptr() as usize, buffer.len(), 0, 0, 0];
    e("await, no children", raw(sysno::AWAIT, args));
    let forked = |flags: u32| raw(sysno::RFORK, [flags as usize, 0, 0, 0, 0]);
    e("rfork, RFFDG|RFCFDG", forked(rfork::FDG | rfork::CFDG));
    e("rfork, RFMEM without RFPROC", forked(rfork::MEM));
    e("notify, bad address", raw(sysno::NOTIFY, [8, 0, 0, 0, 0]));
    e("open a missing process", open(c"/proc/999999/ctl", WRITE));
    e("open /proc/N/status for writing", ctl(me(), "status", b"x"));
    e("ctl, unknown request", in_ctl(b"frob x"));
    e("ctl, wrong number of arguments", in_ctl(b"pri"));
    e("ctl, empty", in_ctl(b" "));
    e("ctl start, not stopped", in_ctl(b"start"));
    e("ctl close -1", in_ctl(b"close -1"));
    e("ctl close 99", in_ctl(b"close 99"));
    e("mem, write, not stopped", ctl(me(), "mem", b"x"));
    e("noteid 0", ctl(me(), "noteid", b"0"));
    e("noteid of nobody", ctl(me(), "noteid", b"999999"));
    e("note of 128 bytes", ctl(me(), "note", &[b'n'; 128]));
    e("notepg, 128 bytes", ctl(me(), "notepg", &[b'n'; 128]));
    e("args, 128 bytes", ctl(me(), "args", &[b'n'; 128]));
    e("profile, off", read_own("profile"));
    e("watchpt, nonsense", ctl(me(), "watchpt", b"x\n"));
    stopped();
    console();
    environment();
}

fn stopped() {
    let pid = fork(|| {
        loop {
            let _ = process::sleep(1000);
        }
    });
    ctl(pid, "ctl", b"stop");
    e("note to a stopped process", ctl(pid, "note", b"x"));
    e("ctl nointerrupt, notes pending", ctl(pid, "ctl", b"nointerrupt"));
    let name = Long::new(format_args!("/proc/{pid}/ctl"));
    let fd = open(name.as_c_str(), WRITE);
    write(fd, b"kill");
    wait_for(pid);
    let _ = process::sleep(200);
    e("ctl, process exited", write(fd, b"stop"));
    close(fd);
}

fn console() {
    e("/dev/user, not none", put(c"/dev/user", "bob"));
    e("/dev/time, nonsense", put(c"/dev/time", "x"));
    e("/dev/time, too long", put(c"/dev/time", "1234567890123"));
    e("/dev/reboot, unknown request", put(c"/dev/reboot", "frob"));
    e("/dev/sysname, empty", write(open(c"/dev/sysname", WRITE), b""));
}

/// Writes one byte far behind the start of a new file.
fn far(name: &CStr, offset: usize) -> i64 {
    let fd = create(name, WRITE, 0o666);
    let byte = b'x';
    raw(sysno::PWRITE, [fd as usize, &raw const byte as usize, 1, offset, 0])
}

fn environment() {
    e("/env, offset too great", far(c"/env/x", 600 * 1024));
    far(c"/env/y", 500 * 1024);
    far(c"/env/x", 500 * 1024);
    e("/env, more than 1 MB in all", far(c"/env/z", 500 * 1024));
    one(sysno::REMOVE, c"/env/x");
    one(sysno::REMOVE, c"/env/y");
}
