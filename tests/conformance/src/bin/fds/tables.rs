//! Whole tables: the names in `/fd`, and what exec closes.

use super::{child, forked};
use conformance::report::{close, read_directory, records};
use conformance::{Text, pid, put, say};
use plan9_abi::flags::{open, rfork};
use plan9_abi::sys::{file, process};

pub fn run() {
    forked(names);
    forked(closed_by_exec);
}

fn names() {
    let mut buffer = [0; 8192];
    // Standard output waits in #s meanwhile: the modes of the first three are whoever's who started this.
    let output = Text::new(format_args!("#s/fds.{}", pid()));
    let posted = file::create(output.as_c_str(), open::WRITE, 0o600).unwrap_or(-1);
    let _ = file::write(posted, b"1");
    (0..40).for_each(close);
    for mode in [open::READ, open::WRITE, open::WRITE] {
        let _ = file::open(c"/dev/null", mode);
    }
    let _ = file::open(c"/dev/zero", open::READ);
    let _ = file::open(c"/dev/null", open::WRITE);
    let Ok(fds) = file::open(c"/fd", open::READ) else { return say!("no /fd") };
    let n = read_directory(fds, &mut buffer).unwrap_or(0);
    let back = file::open(output.as_c_str(), open::WRITE).unwrap_or(-1);
    let _ = file::dup(back, 1);
    close(back);
    let _ = file::remove(output.as_c_str());
    put!("names in /fd, 3 open OREAD, 4 OWRITE, 5 the directory:");
    for dir in records(&buffer[..n]) {
        put!(" {} {:o}", dir.name.escape_ascii(), dir.mode);
    }
    say!("");
    let _ = file::seek(3, 77, 0);
    let Ok(ctl) = file::open(c"/fd/3ctl", open::READ) else { return say!("no /fd/3ctl") };
    let n = file::read(ctl, &mut buffer).unwrap_or(0);
    let line = core::str::from_utf8(&buffer[..n]).unwrap_or("?");
    // The path and the version of the qid vary.
    let behind_path = line.get(32..).unwrap_or("");
    let behind = behind_path.find(' ').map_or("", |at| &behind_path[at..]);
    put!("/fd/3ctl: '{}N N{behind}", line.get(..15).unwrap_or("?"));
}

/// Which of 10 to 15 are open.
pub fn which(what: &str) {
    put!("{what}:");
    for fd in 10..16 {
        if file::fstat(fd, &mut [0; 256]).is_ok() {
            put!(" {fd}");
        }
    }
    say!("");
}

/// Opens 10 to 15.
fn six() {
    (10..16).for_each(close);
    let Ok(fd) = file::open(c"/dev/null", open::READ | open::CEXEC) else { return };
    let _ = file::dup(fd, 10);
    for free in (0..10).filter(|&fd| file::fstat(fd, &mut [0; 256]).is_err()) {
        // The next open gets 11.
        let _ = file::dup(fd, free);
    }
    let _ = file::open(c"/dev/null", open::READ | open::CEXEC);
    let _ = file::open(c"/dev/null", open::READ);
    let _ = file::open(c"/fd/12", open::READ | open::CEXEC);
    let _ = file::create(c"/env/e", open::WRITE | open::CEXEC, 0o666);
    let _ = file::open(c"/fd/11", open::READ);
}

fn closed_by_exec() {
    six();
    say!(
        "10 is a dup of an OCEXEC one, 11 opened OCEXEC, 12 not, 13 12 opened through /fd OCEXEC, \
         14 created OCEXEC, 15 11 opened through /fd"
    );
    which("open");
    child(rfork::FDG, again);
    which("in the parent, the child's table a copy");
    child(0, again);
    which("in the parent, the child's table the same");
}

/// Becomes this program, which says what is open.
fn again() {
    let text = Text::new(format_args!("/proc/{}/text", pid()));
    let arguments = [c"fds".as_ptr(), c"which".as_ptr(), core::ptr::null()];
    // SAFETY: strings that end in a NUL, and a null pointer behind them.
    let _ = unsafe { process::exec(text.as_c_str(), arguments.as_ptr()) };
}
